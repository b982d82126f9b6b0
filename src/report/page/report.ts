import type { CurvePoint } from "../curves.js";
import type { FactGroup } from "../facts.js";

/** How well a class was told from the others; shares are 0 … 1. */
export interface ClassScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** What the network made of an image. */
export interface JudgedImage {
  /** The image as a data URI. */
  readonly address: string;
  /** Its number in its data set, from 0. */
  readonly index: number;
  /** Indices of classes. */
  readonly truth: number;
  readonly prediction: number;
  /** Of each class, 0 … 1. */
  readonly probabilities: ArrayLike<number>;
}

/** The kernels of a convolution: [count][channels][height][width]. */
export interface Filters {
  readonly weights: ArrayLike<number>;
  readonly shape: readonly [count: number, channels: number, height: number, width: number];
}

/** All that a run's page shows. Classes are named by their indices into `classes`. */
export interface Report {
  readonly title: string;
  /** Whether the images were made by this program. */
  readonly generated: boolean;
  /** Which images were judged: those of the test, or those of the validation where there is none. */
  readonly part: "test" | "validation";
  readonly accuracy: number;
  readonly correct: number;
  readonly total: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  readonly best: { readonly epoch: number; readonly validationAccuracy: number };
  readonly history: readonly CurvePoint[];
  readonly classes: readonly string[];
  /** Counts; rows are the true class, columns the predicted. */
  readonly confusion: readonly (readonly number[])[];
  /** Some images of each cell: [true class][predicted class][image]. */
  readonly cells: readonly (readonly (readonly JudgedImage[])[])[];
  readonly perClass: readonly ClassScores[];
  /** The mean of the classes' scores. */
  readonly macro: ClassScores;
  readonly mostWrong: readonly JudgedImage[];
  readonly leastSure: readonly JudgedImage[];
  readonly filters: Filters;
  readonly groups: readonly FactGroup[];
}
