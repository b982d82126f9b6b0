import { parseAugmentation } from "../../src/data/index.js";
import { ACTIVATION_TYPES, POOLING_TYPES } from "../../src/model/index.js";
import { choice, type NumberRange, number, optionalChoice, optionalNumber, optionalText } from "./fields.js";

export const DATA_SOURCES = ["digits", "fashion-mnist", "mnist", "cifar10", "own"] as const;
export type DataSource = (typeof DATA_SOURCES)[number];

export const RECIPE_NAMES = ["paper", "improved", "best"] as const;

/** Where networks are trained: on the processor, or on the graphics card. */
export const DEVICES = ["cpu", "gpu"] as const;

/** How multiply-add rounds: only in the address, since `portable` is for comparing browsers. */
const ARITHMETICS = ["portable", "fused"] as const;

/** The range of each setting. */
export const RANGES = {
  count: { least: 100, most: 60_000, whole: true },
  epochs: { least: 1, most: 1000, whole: true },
  batch: { least: 1, most: 1024, whole: true },
  seed: { least: 0, most: Number.MAX_SAFE_INTEGER, whole: true },
  lr: { least: 1e-6, most: 10 },
  dropout: { least: 0, most: 0.95 },
  val: { least: 0.01, most: 0.9 },
  threads: { least: 1, most: 64, whole: true },
  networks: { least: 1, most: 64, whole: true },
} as const satisfies Record<string, NumberRange>;

/** The fields of the Train view. Undefined means the recipe's value or, for threads, as many as are useful. */
export const trainFields = {
  data: choice(DATA_SOURCES, "digits"),
  /** The number of generated digits. */
  count: number(RANGES.count, 10_000),
  recipe: choice(RECIPE_NAMES, "improved"),
  epochs: number(RANGES.epochs, 10),
  seed: number(RANGES.seed, 0),
  activation: optionalChoice(ACTIVATION_TYPES),
  pooling: optionalChoice(POOLING_TYPES),
  lr: optionalNumber(RANGES.lr),
  batch: optionalNumber(RANGES.batch),
  dropout: optionalNumber(RANGES.dropout),
  augment: optionalText((text) => (isAugmentation(text) ? text : undefined)),
  val: optionalNumber(RANGES.val),
  device: choice(DEVICES, "cpu"),
  threads: optionalNumber(RANGES.threads),
  /** Default: fused where that is real. */
  arithmetic: optionalChoice(ARITHMETICS),
  /** How many networks to train side by side, with seeds that count up from `seed`. */
  networks: number(RANGES.networks, 1),
};

/** Whether `lenet train --augment` accepts the text. */
export function isAugmentation(text: string): boolean {
  try {
    parseAugmentation(text);
    return true;
  } catch {
    return false;
  }
}
