import { computed, type ReadonlySignal } from "@preact/signals";
import { language } from "../i18n/language.js";
import { theme } from "./theme.js";

export type Color = readonly [red: number, green: number, blue: number];

/** Looks values of the style sheet up, by the names of its custom properties. */
export interface StyleReader {
  color(token: string): Color;
  /** A value as it is written, such as a typeface. */
  text(token: string): string;
}

/** Values read from the style sheet, and read again when the theme or the language changes. */
export function fromStyles<Values>(read: (styles: StyleReader) => Values): ReadonlySignal<Values> {
  return computed(() => {
    // The style sheet depends on it.
    void theme.value;
    const probe = document.createElement("span");
    probe.lang = language.value;
    document.body.append(probe);
    const values = read({
      color: (token) => {
        probe.style.color = `var(${token})`;
        const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
        return [red, green, blue];
      },
      text: (token) => getComputedStyle(probe).getPropertyValue(token),
    });
    probe.remove();
    return values;
  });
}

/** A colour as CSS. */
export function cssOf([red, green, blue]: Color): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** 256 colours as pixels of ImageData, interpolated evenly between the stops. */
export function colorTable(stops: readonly Color[]): Uint32Array {
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
