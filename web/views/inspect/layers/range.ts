import { kindOf, type ShapedLayer } from "../../../../src/model/index.js";

/** The values that colours stand for; those of two signs take a diverging palette, its middle at 0. */
export interface ValueRange {
  readonly least: number;
  readonly most: number;
}

/** What is known of the values of a layer's output: those of an activation are in its range, pooled or not. */
export type ValueKind = "share" | "positive" | "signed";

/** The kind of the values that come out of a layer. */
export function kindOfValues(layers: readonly ShapedLayer[], layer: number): ValueKind {
  for (let index = layer; index >= 0; index--) {
    const { range } = kindOf(layers[index].layer);
    if (range === "input") continue;
    const [least, most] = range;
    if (least < 0) return "signed";
    return most === 1 ? "share" : "positive";
  }
  return "signed";
}

/** The range that a palette spreads over. */
export function rangeOf(values: Float32Array, kind: ValueKind): ValueRange {
  if (kind === "share") return { least: 0, most: 1 };
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return { least: kind === "signed" ? -largest : 0, most: largest };
}
