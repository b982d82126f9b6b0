import type { PadStroke } from "./pen.js";

/** Strokes as text for an address: for each stroke the number of its points, then their places in 4096ths of the pad. */
export function strokesText(strokes: readonly PadStroke[]): string {
  const numbers = strokes.flatMap((stroke) => [
    stroke.length,
    ...stroke.flatMap(({ x, y }) => [placeOf(x), placeOf(y)]),
  ]);
  return numbers.map((number) => DIGITS[number >> 6] + DIGITS[number & 63]).join("");
}

/** The strokes of a text; undefined if it is damaged. */
export function strokesOf(text: string): PadStroke[] | undefined {
  const numbers: number[] = [];
  for (let at = 0; at < text.length; at += 2) {
    const [high, low] = [DIGITS.indexOf(text[at]), DIGITS.indexOf(text[at + 1] ?? " ")];
    if (high < 0 || low < 0) return undefined;
    numbers.push(64 * high + low);
  }
  const strokes: PadStroke[] = [];
  for (let at = 0; at < numbers.length; ) {
    const end = at + 1 + 2 * numbers[at];
    if (end > numbers.length || numbers[at] === 0) return undefined;
    const points = numbers.slice(at + 1, end);
    strokes.push(
      Array.from({ length: numbers[at] }, (_, point) => ({
        x: points[2 * point] / MOST,
        y: points[2 * point + 1] / MOST,
      })),
    );
    at = end;
  }
  return strokes;
}

/** Characters that need no escaping in an address. */
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const MOST = 4095;

function placeOf(share: number): number {
  return Math.round(MOST * Math.min(1, Math.max(0, share)));
}
