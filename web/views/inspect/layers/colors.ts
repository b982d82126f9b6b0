import { computed } from "@preact/signals";
import { kindOf, type ShapedLayer } from "../../../../src/model/index.js";
import { theme } from "../../../styles/theme.js";

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

type Color = readonly [red: number, green: number, blue: number];

/** The page's colours for canvases. */
export interface CanvasColors {
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  /** Drawn around marks, to keep them visible on any background. */
  readonly halo: string;
  /** For the selection. */
  readonly mark: string;
  /** For bars. */
  readonly accent: string;
  /** 256 colours from zero to the maximum, as ImageData pixels: paper to ink. */
  readonly sequential: Uint32Array;
  /** 256 colours from the negative to the positive maximum: blue, paper, orange. */
  readonly diverging: Uint32Array;
}

/** The colours of the current theme, all from the style sheet. */
export const canvasColors = computed<CanvasColors>(() => {
  // The style sheet depends on it.
  void theme.value;
  const probe = document.createElement("span");
  document.body.append(probe);
  const read = (token: string): Color => {
    probe.style.color = `var(${token})`;
    const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
    return [red, green, blue];
  };
  const [paper, ink] = [read("--raised"), read("--ink")];
  const colors: CanvasColors = {
    ink: text(ink),
    quiet: text(read("--quiet")),
    line: text(read("--line")),
    halo: text(paper),
    mark: text(read("--run-4")),
    accent: text(read("--run-1")),
    sequential: table([paper, ink]),
    diverging: table([read("--run-1"), paper, read("--run-2")]),
  };
  probe.remove();
  return colors;
});

/** A colour table, or its upper half, as a CSS gradient. */
export function gradientOf(colors: Uint32Array, part: "whole" | "upper" = "whole"): string {
  const first = part === "whole" ? 0 : 128;
  const stops = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const index = Math.round(first + (255 - first) * share);
    const [red, green, blue] = new Uint8Array(colors.buffer, 4 * index, 3);
    return `rgb(${red} ${green} ${blue})`;
  });
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

function text([red, green, blue]: Color): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** 256 colours, interpolated evenly between the stops. */
function table(stops: readonly Color[]): Uint32Array {
  const bytes = new Uint8ClampedArray(4 * 256);
  for (let index = 0; index < 256; index++) {
    const place = (index / 255) * (stops.length - 1);
    const stop = Math.min(stops.length - 2, Math.floor(place));
    for (let channel = 0; channel < 3; channel++) {
      const [from, to] = [stops[stop][channel], stops[stop + 1][channel]];
      bytes[4 * index + channel] = from + (to - from) * (place - stop);
    }
    bytes[4 * index + 3] = 255;
  }
  return new Uint32Array(bytes.buffer);
}
