import type { Prediction } from "../node/predictImages.js";
import { csvLine } from "./csv.js";
import { formatPercent } from "./terminal.js";
import { printable } from "./text.js";

/** How predictions are printed, one after the other as they come. */
export interface PredictionOutput {
  readonly begin: string;
  row(prediction: Prediction): string;
  readonly end: string;
}

/** What all outputs are made for. */
interface OutputOptions {
  readonly labelOf: (index: number) => string;
  /** The classes that are shown of each image, the most probable first. */
  readonly top: number;
}

const LONGEST_NAME = 48;
const SHARE = "probability";

/**
 * For people: the most probable class of each image, and the next ones.
 *
 * @param files the names of all images, and `labels` those of all classes: columns are as wide as the longest one
 */
export function tableOutput(
  { labelOf, top }: OutputOptions,
  files: readonly string[],
  labels: readonly string[],
): PredictionOutput {
  const fileWidth = Math.min(LONGEST_NAME, longest(["image", ...files.map(printable)]));
  const labelWidth = longest(["class", ...labels.map(printable)]);
  const line = (file: string, label: string, share: string, others: string) =>
    `${[padded(file, fileWidth), padded(label, labelWidth), share.padStart(SHARE.length), others].join("  ").trimEnd()}\n`;
  return {
    begin: line("image", "class", SHARE, top > 1 ? "next" : ""),
    row: ({ file, probabilities }) => {
      const [first, ...others] = mostProbable(probabilities, top).map((index) => ({
        label: printable(labelOf(index)),
        share: formatPercent(probabilities[index]),
      }));
      const next = others.map(({ label, share }) => `${label} ${share}`).join(", ");
      return line(endOf(printable(file)), first.label, first.share, next);
    },
    end: "",
  };
}

/** For spreadsheets: the most probable class of each image, then the next ones, a pair of columns each. */
export function csvOutput({ labelOf, top }: OutputOptions): PredictionOutput {
  const ranks = Array.from({ length: top - 1 }, (_, index) => index + 2);
  return {
    begin: csvLine([
      ...["file", "class", "label", "probability"],
      ...ranks.flatMap((rank) => [`label_${rank}`, `probability_${rank}`]),
    ]),
    row: ({ file, class: predicted, probabilities }) => {
      const pairs = mostProbable(probabilities, top).flatMap((index) => [
        labelOf(index),
        probabilities[index].toFixed(6),
      ]);
      return csvLine([file, predicted, ...pairs]);
    },
    end: "",
  };
}

/** For programs: an array with an object for each image. */
export function jsonOutput({ labelOf }: Pick<OutputOptions, "labelOf">): PredictionOutput {
  let separator = "\n";
  return {
    begin: "[",
    row: ({ file, class: predicted, probabilities, logits }) => {
      const fields = { file, class: predicted, label: labelOf(predicted), probabilities, logits };
      const text = `${separator}  ${JSON.stringify(fields)}`;
      separator = ",\n";
      return text;
    },
    end: "\n]\n",
  };
}

/** The indices of the largest probabilities, the first of equal ones first. */
function mostProbable(probabilities: readonly number[], count: number): number[] {
  const indices = probabilities.map((_, index) => index);
  return indices.sort((a, b) => probabilities[b] - probabilities[a]).slice(0, count);
}

/** A path's end, where it is long: that tells more than its start. */
function endOf(path: string): string {
  const characters = [...path];
  return characters.length <= LONGEST_NAME ? path : `…${characters.slice(1 - LONGEST_NAME).join("")}`;
}

function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - [...text].length));
}

function longest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, [...text].length), 0);
}
