import type { Evaluation } from "../training/metrics.js";
import { csvLine } from "./csv.js";
import { messages } from "./messages/index.js";
import { formatPercent } from "./terminal.js";
import { printable } from "./text.js";
import { padded, widthOf } from "./width.js";

/** An evaluation as text: totals, a table of the classes, and the confusion matrix. */
export function formatEvaluation({ accuracy, correct, total, loss, confusion, ...evaluation }: Evaluation): string {
  const perClass = evaluation.perClass.map((one) => ({ ...one, label: printable(one.label) }));
  const labelWidth = Math.max(5, ...perClass.map(({ label }) => widthOf(label)));
  const countWidth = Math.max(5, ...confusion.flat().map((count) => String(count).length));
  const cells = (values: readonly (string | number)[]) =>
    values.map((value) => String(value).padStart(countWidth)).join(" ");
  return [
    messages.accuracyAndLoss(
      formatPercent(accuracy),
      correct.toLocaleString("en-US"),
      total.toLocaleString("en-US"),
      loss.toFixed(4),
    ),
    "",
    `    ${padded(messages.class, labelWidth)}  ${messages.scores.map((score) => padded(score, 9, "right")).join(" ")}`,
    ...perClass.map(
      ({ label, precision, recall, f1, total: images }, index) =>
        `${String(index).padStart(3)} ${padded(label, labelWidth)}  ${[precision, recall, f1].map((value) => formatPercent(value).padStart(9)).join(" ")} ${String(images).padStart(9)}`,
    ),
    "",
    messages.confusionMatrix,
    `    ${"".padEnd(labelWidth)} ${cells(confusion.map((_, index) => index))}`,
    ...confusion.map(
      (row, index) => `${String(index).padStart(3)} ${padded(perClass[index].label, labelWidth)} ${cells(row)}`,
    ),
  ].join("\n");
}

/** An evaluation as CSV: a row for each class, with its metrics and its row of the confusion matrix. */
export function evaluationCsv({ perClass, confusion }: Evaluation): string {
  const head = ["class", "label", "precision", "recall", "f1", "images", ...perClass.map(({ label }) => `as ${label}`)];
  const rows = perClass.map(({ label, precision, recall, f1, total }, index) =>
    csvLine([index, label, ...[precision, recall, f1].map((value) => value.toFixed(6)), total, ...confusion[index]]),
  );
  return [csvLine(head), ...rows].join("");
}
