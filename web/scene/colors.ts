import { computed } from "@preact/signals";
import { theme } from "../styles/theme.js";

/** The page's colours and typefaces, as a scene is drawn with them. */
export interface SceneColors {
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly ground: string;
  readonly accent: string;
  /** Of what adds to the chosen unit, and of what takes away. */
  readonly adds: string;
  readonly takes: string;
  /** The chosen unit and its window. */
  readonly chosen: string;
  /** A unit that is silent. */
  readonly dot: string;
  readonly serif: string;
  readonly sans: string;
  /** 256 colours as pixels of ImageData: from 0 to the largest activation. */
  readonly activation: Uint32Array;
  /** From the most negative value over 0 to the most positive. */
  readonly signed: Uint32Array;
}

type Color = readonly [red: number, green: number, blue: number];

/** Those of the current theme, from the style sheet. */
export const sceneColors = computed<SceneColors>(() => {
  // The style sheet depends on it.
  void theme.value;
  const probe = document.createElement("span");
  document.body.append(probe);
  const read = (token: string): Color => {
    probe.style.color = `var(${token})`;
    const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
    return [red, green, blue];
  };
  const text = (token: string) => `rgb(${read(token).join(" ")})`;
  const family = (token: string) => getComputedStyle(probe).getPropertyValue(token);
  const [adds, takes] = [read("--adds"), read("--takes")];
  const paper = read("--activation-0");
  const colors: SceneColors = {
    ink: text("--ink"),
    quiet: text("--quiet"),
    line: text("--line"),
    ground: text("--ground"),
    accent: text("--accent"),
    adds: text("--adds"),
    takes: text("--takes"),
    chosen: text("--chosen"),
    dot: text("--dot"),
    serif: family("--serif"),
    sans: family("--sans"),
    activation: table([0, 1, 2, 3, 4, 5].map((stop) => read(`--activation-${stop}`))),
    signed: table([takes, paper, adds]),
  };
  probe.remove();
  return colors;
});

/** A colour of a table as CSS. */
export function cssColor(colors: Uint32Array, share: number): string {
  const [red, green, blue] = new Uint8Array(colors.buffer, 4 * Math.round(255 * Math.min(1, Math.max(0, share))), 3);
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
