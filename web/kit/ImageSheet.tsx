import { useEffect, useRef } from "preact/hooks";
import type { Dataset } from "../../src/data/dataset.js";

export interface ImageSheetProps {
  readonly dataset: Dataset;
  /** Which images, row by row. */
  readonly indices: readonly number[];
  readonly columns: number;
  /** What is seen, for those who do not see it. */
  readonly label: string;
}

/** Between images, in their own pixels. */
const GAP = 2;

/** Images of a data set side by side, pixel for pixel, enlarged by the style sheet. */
export function ImageSheet({ dataset, indices, columns, label }: ImageSheetProps) {
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
      context.putImageData(imageOf(dataset, index), left, top);
    });
  }, [dataset, indices, columns, height, width]);
  return (
    <canvas
      ref={ref}
      class="images"
      width={columns * (width + GAP) - GAP}
      height={rows * (height + GAP) - GAP}
      role="img"
      aria-label={label}
    />
  );
}

/** An image as canvases take it. */
export function imageOf({ channels, height, width, images }: Dataset, index: number): ImageData {
  const image = new ImageData(width, height);
  const pixels = height * width;
  const start = index * channels * pixels;
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[4 * pixel + channel] = images[start + (channels === 3 ? channel : 0) * pixels + pixel];
    }
    image.data[4 * pixel + 3] = 255;
  }
  return image;
}
