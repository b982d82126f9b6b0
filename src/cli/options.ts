import { InvalidArgumentError, Option } from "commander";
import { CATALOG } from "../data/catalog.js";
import type { ImageShape } from "../model/index.js";
import { RECIPES } from "../training/recipes.js";

/** The generated data set. */
export const DIGITS = "digits";

const DATA_NAMES = [...CATALOG.map(({ name }) => name), DIGITS];

/** A parser of whole numbers. @throws InvalidArgumentError saying what is allowed */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most.toLocaleString("en-US")}.`);
    }
    return value;
  };
}

/** A parser of numbers strictly between two bounds. @throws InvalidArgumentError saying what is allowed */
export function numberBetween(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value > low && value < high)) {
      throw new InvalidArgumentError(`It must be a number above ${low} and below ${high}.`);
    }
    return value;
  };
}

const SMALLEST_SIDE = 12;
const LARGEST_SIDE = 128;

/** Parses CxHxW. @throws InvalidArgumentError saying what is allowed */
export function inputSize(text: string): ImageShape {
  const match = /^(\d+)x(\d+)x(\d+)$/.exec(text);
  const [channels, height, width] = (match ?? []).slice(1).map(Number);
  const sides = [height, width];
  if (
    !match ||
    (channels !== 1 && channels !== 3) ||
    sides.some((side) => side < SMALLEST_SIDE || side > LARGEST_SIDE)
  ) {
    throw new InvalidArgumentError(
      `It must be CxHxW as 1x28x28 or 3x32x32: 1 or 3 channels, ${SMALLEST_SIDE} to ${LARGEST_SIDE} rows and columns.`,
    );
  }
  return { channels, height, width };
}

// Options are made anew for each command: commander keeps state in them.
export const recipeOption = () => new Option("--recipe <name>", "what to train and how").choices(Object.keys(RECIPES));
export const dataOption = () => new Option("--data <name>", "the data set").choices(DATA_NAMES);
export const dataDirOption = () =>
  new Option("--data-dir <dir>", "the folder that holds the data set's files; the only place looked in");
export const threadsOption = () =>
  new Option("--threads <n>", "threads to compute with (default: one a core)").argParser(wholeNumber(1, 64));
export const jsonOption = () =>
  new Option("--json", "print JSON on standard output, everything else on standard error");
