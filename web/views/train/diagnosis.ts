import { RECIPES } from "../../../src/training/recipes/recipes.js";
import type { Run } from "../../state/run.js";
import { HIGH_RATE, learningRateOf } from "../../state/settings.js";

/** Why a run does not learn, with its learning rate and the one of its recipe. */
export interface Diagnosis {
  readonly kind: "rateTooHigh" | "rateTooLow" | "diverged";
  readonly rate: number;
  readonly usual: number;
}

const LOW_RATE = 1 / 20;

/**
 * What is wrong with the network on display; undefined if it learns, or the reason is unknown. It does not learn if its
 * loss became NaN or infinite, if the newest loss is more than twice that of guessing, or if after its last epoch it
 * recognizes less than twice as many validation images as guessing would.
 */
export function diagnose({
  recipe,
  settings,
  member,
}: Pick<Run, "recipe" | "settings" | "member">): Diagnosis | undefined {
  const { failure, latest, epochs } = member.value;
  const classes = settings.data.parts.train.classes.length;
  const rate = learningRateOf(recipe);
  const usual = learningRateOf(RECIPES[settings.fields.recipe]);
  const hasDiverged = failure.value !== undefined;
  const isLost = (latest.value?.loss ?? 0) > 2 * Math.log(classes);
  const last = epochs.value.at(-1);
  const guesses = last !== undefined && last.validationAccuracy < 2 / classes;
  if (rate >= HIGH_RATE * usual && (hasDiverged || isLost || guesses)) return { kind: "rateTooHigh", rate, usual };
  if (rate <= LOW_RATE * usual && guesses) return { kind: "rateTooLow", rate, usual };
  return hasDiverged ? { kind: "diverged", rate, usual } : undefined;
}

/** What else goes wrong, and why; the numbers are shares, 0 … 1, and counts. */
export type Trouble =
  /** Nearly all images are taken for one class. */
  | { readonly kind: "oneClass"; readonly name: string; readonly share: number }
  /** It knows its training images far better than others. */
  | { readonly kind: "overfits"; readonly train: number; readonly validation: number }
  /** Too few images of a class to learn from. */
  | { readonly kind: "fewImages"; readonly name: string; readonly count: number };

/** Settings for few images: more passes over them, in small batches, each image a little different every time. */
export const FEW_IMAGES = { epochs: 40, batch: 8, augment: "crop=2,degrees=10", dropout: 0.5 } as const;

/** The share of images in one class from which on a network is said to answer with it alone. */
const ONE_CLASS = 0.9;
/** The share of images that really are of that class from which on that is no wonder. */
const MAJORITY = 0.6;
/** Overfitting: by how much the accuracies differ, and how much the validation loss has risen above its minimum. */
const [GAP, RISE] = [0.1, 1.15];
/** Fewer images of a class are few. */
const FEW = 20;

/** What goes wrong with the network on display, or soon will: with its data and its answers, rather than its learning rate. */
export function troublesOf({ settings, member }: Pick<Run, "settings" | "member">): Trouble[] {
  const { classes, labels } = settings.data.parts.train;
  const { confusion, epochs } = member.value;
  const found: Trouble[] = [];
  const counts = classes.map(() => 0);
  for (const label of labels) counts[label]++;
  const rarest = counts.indexOf(Math.min(...counts));
  const areOwn = settings.fields.data === "own";
  if (areOwn && counts[rarest] < FEW) found.push({ kind: "fewImages", name: classes[rarest], count: counts[rarest] });
  const last = epochs.value.at(-1);
  if (!last) return found;
  const guessed = mostGuessed(confusion.value ?? new Uint32Array(0), classes.length);
  if (guessed && guessed.share > ONE_CLASS && guessed.trueShare < MAJORITY) {
    found.push({ kind: "oneClass", name: classes[guessed.index], share: guessed.share });
  }
  const least = Math.min(...epochs.value.map(({ validationLoss }) => validationLoss));
  const { trainAccuracy: train, validationAccuracy: validation, validationLoss } = last;
  if (train - validation > GAP && validationLoss > RISE * least) found.push({ kind: "overfits", train, validation });
  return found;
}

/** The class that the images of a confusion matrix are taken for most, and how many are of that class. */
function mostGuessed(confusion: Uint32Array, classes: number) {
  const all = confusion.reduce((sum, count) => sum + count, 0);
  if (all === 0) return undefined;
  const sum = (cellOf: (other: number) => number) =>
    Array.from({ length: classes }, (_, other) => confusion[cellOf(other)]).reduce((one, two) => one + two, 0);
  const columns = Array.from({ length: classes }, (_, index) => sum((row) => row * classes + index));
  const index = columns.indexOf(Math.max(...columns));
  return { index, share: columns[index] / all, trueShare: sum((column) => index * classes + column) / all };
}

/** What a finished run has shown. */
export interface Conclusion {
  /** The validation accuracy of its best epoch. */
  readonly accuracy: number;
  /** The validation images. */
  readonly images: number;
  /** Its most frequent mistake, in its newest validation. */
  readonly mistake?: { readonly from: string; readonly to: string; readonly count: number };
  /** The last other run that was validated on the same images; by how much this one is better, and whether by more than chance. */
  readonly other?: { readonly run: Run; readonly difference: number; readonly isClear: boolean };
}

/** Differences of more standard errors are no chance. */
const ERRORS = 2;

/** What can be said about the network on display once its run is done; undefined before. */
export function conclude(run: Run, all: readonly Run[]): Conclusion | undefined {
  const { best, confusion } = run.member.value;
  const counts = confusion.value;
  if (run.status.value !== "done" || !best || !counts) return undefined;
  const { classes, checksum } = run.settings.data.parts.train;
  const images = counts.reduce((sum, count) => sum + count, 0);
  const accuracy = best.validationAccuracy;
  const wrong = counts.map((count, cell) => (Math.floor(cell / classes.length) === cell % classes.length ? 0 : count));
  const most = wrong.indexOf(Math.max(...wrong));
  const mistake = wrong[most] > 0 && {
    from: classes[Math.floor(most / classes.length)],
    to: classes[most % classes.length],
    count: wrong[most],
  };
  const sameImages = (one: Run) =>
    one.settings.data.parts.train.checksum === checksum &&
    one.member.value.seed === run.member.value.seed &&
    one.recipe.validationFraction === run.recipe.validationFraction &&
    one.recipe.fold === run.recipe.fold;
  const other = all.findLast((one) => one !== run && one.status.value === "done" && sameImages(one));
  const rival = other?.member.value.best?.validationAccuracy;
  const error = (share: number) => (share * (1 - share)) / images;
  return {
    accuracy,
    images,
    ...(mistake && { mistake }),
    ...(other &&
      rival !== undefined && {
        other: {
          run: other,
          difference: accuracy - rival,
          isClear: Math.abs(accuracy - rival) > ERRORS * Math.sqrt(error(accuracy) + error(rival)),
        },
      }),
  };
}
