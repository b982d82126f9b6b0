import { computed } from "@preact/signals";
import { theme } from "../../../styles/theme.js";

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
  /** For mistakes. */
  readonly warning: string;
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
    warning: text(read("--warning")),
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
