import { useEffect, useRef } from "preact/hooks";
import type { Dataset } from "../../src/data/dataset.js";

export interface ImageSheetProps {
  readonly dataset: Dataset;
  /** The indices of the images, row by row. */
  readonly indices: readonly number[];
  readonly columns: number;
  /** The accessible name. */
  readonly label: string;
  /** What its image is called when it is saved. */
  readonly name: string;
}

/** The gap between images, in image pixels. */
const GAP = 2;

/** Images of a data set side by side, one canvas pixel per image pixel; the style sheet scales them up. */
export function ImageSheet({ dataset, indices, columns, label, name }: ImageSheetProps) {
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
      data-name={name}
    />
  );
}

/** An image of a data set as ImageData. */
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
