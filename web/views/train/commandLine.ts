import { DIGITS_DATASET } from "../../../src/data/index.js";
import type { RunFields } from "../../state/settings.js";

/**
 * The command that trains a network to the same bits; undefined if the command line has no such data or setting.
 *
 * @param seed that of the network, which may be one of a fleet
 */
export function commandLine(fields: RunFields, seed = fields.seed): string | undefined {
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
    ["seed", seed],
    ["device", fields.device],
  ];
  const given = options.flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
  return ["npx lenet train", ...given].join(" ");
}
