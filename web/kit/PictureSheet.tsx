import { useEffect, useRef } from "preact/hooks";
import type { Dataset } from "../../src/index.js";

export interface PictureSheetProps {
  readonly dataset: Dataset;
  /** Which pictures, row by row. */
  readonly indices: readonly number[];
  readonly columns: number;
  /** What is seen, for those who do not see it. */
  readonly label: string;
}

/** Between pictures, in their own pixels. */
const GAP = 2;

/** Pictures of a data set side by side, pixel for pixel, enlarged by the style sheet. */
export function PictureSheet({ dataset, indices, columns, label }: PictureSheetProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const { height, width } = dataset;
  const rows = Math.ceil(indices.length / columns);
  useEffect(() => {
    const context = ref.current?.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    indices.forEach((index, place) => {
      const left = (place % columns) * (width + GAP);
      const top = Math.floor(place / columns) * (height + GAP);
      context.putImageData(pictureOf(dataset, index), left, top);
    });
  }, [dataset, indices, columns, height, width]);
  return (
    <canvas
      ref={ref}
      class="pictures"
      width={columns * (width + GAP) - GAP}
      height={rows * (height + GAP) - GAP}
      role="img"
      aria-label={label}
    />
  );
}

/** A picture as canvases take it. */
export function pictureOf({ channels, height, width, images }: Dataset, index: number): ImageData {
  const picture = new ImageData(width, height);
  const pixels = height * width;
  const start = index * channels * pixels;
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      picture.data[4 * pixel + channel] = images[start + (channels === 3 ? channel : 0) * pixels + pixel];
    }
    picture.data[4 * pixel + 3] = 255;
  }
  return picture;
}
