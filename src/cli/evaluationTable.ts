import type { Evaluation } from "../training/metrics.js";
import { formatPercent } from "./terminal.js";
import { printable } from "./text.js";

/** An evaluation as text: totals, a table of the classes, and the confusion matrix. */
export function formatEvaluation({ accuracy, correct, total, loss, confusion, ...evaluation }: Evaluation): string {
  const perClass = evaluation.perClass.map((one) => ({ ...one, label: printable(one.label) }));
  const labelWidth = Math.max(5, ...perClass.map(({ label }) => label.length));
  const countWidth = Math.max(5, ...confusion.flat().map((count) => String(count).length));
  const cells = (values: readonly (string | number)[]) =>
    values.map((value) => String(value).padStart(countWidth)).join(" ");
  return [
    `accuracy ${formatPercent(accuracy)}  (${correct.toLocaleString("en-US")} of ${total.toLocaleString("en-US")})  loss ${loss.toFixed(4)}`,
    "",
    `    ${"class".padEnd(labelWidth)}  precision    recall        F1    images`,
    ...perClass.map(
      ({ label, precision, recall, f1, total: images }, index) =>
        `${String(index).padStart(3)} ${label.padEnd(labelWidth)}  ${[precision, recall, f1].map((value) => formatPercent(value).padStart(9)).join(" ")} ${String(images).padStart(9)}`,
    ),
    "",
    "confusion matrix: rows are true classes, columns predicted classes",
    `    ${"".padEnd(labelWidth)} ${cells(confusion.map((_, index) => index))}`,
    ...confusion.map(
      (row, index) => `${String(index).padStart(3)} ${perClass[index].label.padEnd(labelWidth)} ${cells(row)}`,
    ),
  ].join("\n");
}
