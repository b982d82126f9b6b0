import { FormatError } from "../formats/errors.js";
import { MOST_EPOCHS } from "../formats/recipeSchema.js";
import type { EpochRecord } from "../training/epochs.js";
import { RUN_FILES } from "./runFolderFiles.js";

const isFraction = (value: number) => value >= 0 && value <= 1;
const isNotNegative = (value: number) => value >= 0;

/** A row of history.csv: the tutorial's columns first, then ours. The value of each column, and what it may be. */
const HISTORY_COLUMNS: readonly (readonly [
  name: string,
  value: (record: EpochRecord) => number,
  isAllowed?: (value: number) => boolean,
])[] = [
  ["epoch", ({ epoch }) => epoch],
  ["train_loss_all", ({ trainLoss }) => trainLoss],
  ["train_acc_all", ({ trainAccuracy }) => trainAccuracy, isFraction],
  ["val_loss_all", ({ validationLoss }) => validationLoss],
  ["val_acc_all", ({ validationAccuracy }) => validationAccuracy, isFraction],
  ["lr", ({ learningRate }) => learningRate, isNotNegative],
  ["train_seconds", ({ trainSeconds }) => trainSeconds, isNotNegative],
  ["val_seconds", ({ validationSeconds }) => validationSeconds, isNotNegative],
];

/** A run's history as CSV. */
export function formatHistory(history: readonly EpochRecord[]): string {
  const header = HISTORY_COLUMNS.map(([name]) => name).join(",");
  const rows = history.map((record) => HISTORY_COLUMNS.map(([, value]) => String(value(record))).join(","));
  return `${[header, ...rows].join("\n")}\n`;
}

/** Parses a run's history. @throws FormatError if a row is invalid, or there are more than a run can have */
export function parseHistory(text: string): EpochRecord[] {
  const [header, ...rows] = text.trimEnd().split("\n");
  const expected = HISTORY_COLUMNS.map(([name]) => name).join(",");
  if (header !== expected)
    throw new FormatError(`${RUN_FILES.history}: its columns are ${header}, expected ${expected}`);
  if (rows.length > MOST_EPOCHS) throw new FormatError(`${RUN_FILES.history}: it has more than ${MOST_EPOCHS} epochs`);
  return rows.map((row, index) => {
    const cells = row.split(",");
    const values = cells.map(Number);
    const isComplete = cells.length === HISTORY_COLUMNS.length && cells.every((cell) => cell.trim() !== "");
    const isAllowed = values.every(
      (value, column) => Number.isFinite(value) && HISTORY_COLUMNS[column]?.[2]?.(value) !== false,
    );
    if (!isComplete || !isAllowed || values[0] !== index + 1) {
      throw new FormatError(`${RUN_FILES.history}: row ${index + 1} is invalid: "${row}"`);
    }
    const [epoch, trainLoss, trainAccuracy, validationLoss, validationAccuracy, learningRate, ...seconds] = values;
    const [trainSeconds, validationSeconds] = seconds;
    return {
      epoch,
      trainLoss,
      trainAccuracy,
      validationLoss,
      validationAccuracy,
      learningRate,
      trainSeconds,
      validationSeconds,
    };
  });
}

/** The best validation accuracy so far; undefined before the first epoch. */
export function bestAccuracy(history: readonly EpochRecord[]): number | undefined {
  return history.reduce<number | undefined>(
    (best, { validationAccuracy }) => Math.max(best ?? validationAccuracy, validationAccuracy),
    undefined,
  );
}

/** The total time of all epochs, in seconds. */
export function secondsOf(history: readonly EpochRecord[]): number {
  return history.reduce((sum, { trainSeconds, validationSeconds }) => sum + trainSeconds + validationSeconds, 0);
}
