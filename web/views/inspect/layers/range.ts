import { kindOf, type ShapedLayer } from "../../../../src/model/index.js";

/** The value range of a colour scale; with two signs, the palette is diverging and centred on 0. */
export interface ValueRange {
  readonly least: number;
  readonly most: number;
}

/** What is known about a layer's output values: those of an activation stay in its range through pooling. */
export type ValueKind = "share" | "positive" | "signed";

/** The kind of values that a layer outputs. */
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

/** The value range of the palette. */
export function rangeOf(values: Float32Array, kind: ValueKind): ValueRange {
  if (kind === "share") return { least: 0, most: 1 };
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return { least: kind === "signed" ? -largest : 0, most: largest };
}
