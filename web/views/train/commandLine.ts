import { DIGITS_DATASET } from "../../../src/data/index.js";
import type { RunSettings } from "../../state/run.js";

/** The command that trains to the same bits; undefined if the command line has no such data or setting. */
export function commandLine({ fields }: RunSettings): string | undefined {
  const { data, count, activation, pooling, dropout } = fields;
  if (data === "own" || activation || pooling || dropout !== undefined) return undefined;
  if (data === "digits" && count !== DIGITS_DATASET.counts.train) return undefined;
  const options: readonly (readonly [string, string | number | undefined])[] = [
    ["recipe", fields.recipe],
    ["data", data],
    ["epochs", fields.epochs],
    ["batch", fields.batch],
    ["lr", fields.lr],
    ["augment", fields.augment],
    ["val-split", fields.val],
    ["seed", fields.seed],
  ];
  const given = options.flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
  return ["npx lenet train", ...given].join(" ");
}
