import { type Augmentation, drawTransformation, isAugmenting, placementFor } from "../data/augmentation.js";
import type { Dataset } from "../data/dataset.js";
import { readInputs } from "../engine/reference/inputs.js";
import { contactSheetSvg, type SheetGroup } from "../report/contactSheet.js";
import { imageAddress } from "./images/address.js";
import { svgToPng } from "./png.js";

/** How a preview is drawn. */
export interface PreviewOptions {
  readonly augmentation: Augmentation;
  /** The training's seed, from which augmentation is drawn. */
  readonly seed: number;
  readonly title: string;
  readonly subtitle: string;
  /** The note under a class: how many images it has. */
  readonly images: (count: number) => string;
}

const IMAGES_A_CLASS = 3;
/** The epochs whose augmented versions of each image are shown. */
const EPOCHS = [1, 2, 3];
/** Only the first classes are shown if there are more. */
const MOST_CLASSES = 40;

/**
 * Draws a contact sheet of a data set: the first images of each class, each next to its augmented versions from the
 * first epochs of a training with this seed.
 *
 * @returns a PNG
 */
export async function previewDataset(dataset: Dataset, options: PreviewOptions): Promise<Uint8Array> {
  const rows = dataset.classes.slice(0, MOST_CLASSES).map(async (label, index) => {
    const indices = [...dataset.labels.keys()].filter((image) => dataset.labels[image] === index);
    return {
      label,
      note: options.images(indices.length),
      groups: await Promise.all(indices.slice(0, IMAGES_A_CLASS).map((image) => previewImage(dataset, image, options))),
    };
  });
  const { title, subtitle } = options;
  const svg = contactSheetSvg({ title, subtitle, image: dataset, rows: await Promise.all(rows) });
  return svgToPng(svg);
}

async function previewImage(dataset: Dataset, image: number, options: PreviewOptions): Promise<SheetGroup> {
  const { augmentation, seed } = options;
  const forms = isAugmenting(augmentation) ? EPOCHS : [];
  return {
    original: await imageAddress(dataset, imagePixels(dataset, image)),
    augmented: await Promise.all(
      forms.map((epoch) => {
        const transformation = drawTransformation(augmentation, dataset, seed, epoch, image);
        const placement = placementFor(transformation, dataset.height, dataset.width);
        return imageAddress(dataset, imagePixels(dataset, image, placement));
      }),
    ),
  };
}

/** From −1 to 1, so that erased pixels, which are 0, become mid-grey. */
const NORMALIZATION = { mean: [0.5], std: [0.5] };

/** An image's bytes [channels][height][width], augmented if a placement is given. */
function imagePixels(dataset: Dataset, image: number, placements?: Int32Array): Uint8Array {
  const shape = { input: dataset, normalization: NORMALIZATION };
  const [values] = readInputs({ pixels: dataset.images }, [image], placements, shape);
  return Uint8Array.from(values, (value) => Math.round((value * 0.5 + 0.5) * 255));
}
