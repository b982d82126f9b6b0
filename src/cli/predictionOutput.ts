import type { Prediction } from "../node/predictImages.js";
import { csvLine } from "./csv.js";
import { messages } from "./messages/index.js";
import { formatPercent } from "./terminal.js";
import { endOf, printable, toJson } from "./text.js";
import { padded, widthOf } from "./width.js";

/** An output format for predictions, which are printed one by one as they arrive. */
export interface PredictionOutput {
  readonly begin: string;
  row(prediction: Prediction): string;
  readonly end: string;
}

interface OutputOptions {
  readonly labelOf: (index: number) => string;
  /** How many classes to show for each image, most probable first. */
  readonly top: number;
}

const LONGEST_NAME = 48;

/**
 * A text table: the most probable class of each image, then the next ones.
 *
 * @param files the names of all images; with `labels`, the names of all classes, they set the column widths
 */
export function tableOutput(
  { labelOf, top }: OutputOptions,
  files: readonly string[],
  labels: readonly string[],
): PredictionOutput {
  const fileWidth = Math.min(LONGEST_NAME, longest([messages.image, ...files.map(printable)]));
  const labelWidth = longest([messages.class, ...labels.map(printable)]);
  const line = (file: string, label: string, probability: string, others: string) =>
    `${[padded(file, fileWidth), padded(label, labelWidth), padded(probability, Math.max(9, widthOf(messages.probability)), "right"), others].join("  ").trimEnd()}\n`;
  return {
    begin: line(messages.image, messages.class, messages.probability, top > 1 ? messages.next : ""),
    row: ({ file, probabilities }) => {
      const [first, ...others] = mostProbable(probabilities, top).map((index) => ({
        label: printable(labelOf(index)),
        probability: formatPercent(probabilities[index]),
      }));
      const next = others.map(({ label, probability }) => `${label} ${probability}`).join(", ");
      return line(endOf(printable(file), LONGEST_NAME), first.label, first.probability, next);
    },
    end: "",
  };
}

/** CSV: the most probable class of each image, then the next ones, two columns per class. */
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

/** JSON: an array with one object per image. */
export function jsonOutput({ labelOf }: Pick<OutputOptions, "labelOf">): PredictionOutput {
  let separator = "\n";
  return {
    begin: "[",
    row: ({ file, class: predicted, probabilities, logits }) => {
      const fields = { file, class: predicted, label: labelOf(predicted), probabilities, logits };
      const text = `${separator}  ${toJson(fields)}`;
      separator = ",\n";
      return text;
    },
    end: "\n]\n",
  };
}

/** The indices of the largest probabilities, in descending order; equal ones in index order. */
function mostProbable(probabilities: readonly number[], count: number): number[] {
  const indices = probabilities.map((_, index) => index);
  return indices.sort((a, b) => probabilities[b] - probabilities[a]).slice(0, count);
}

function longest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, widthOf(text)), 0);
}
