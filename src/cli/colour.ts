import type { WriteStream } from "node:tty";

/** What a text is, which decides on its colour. */
export type Style = "error" | "warning" | "good" | "strong" | "bar";

const CODES: Readonly<Record<Style, readonly [on: number, off: number]>> = {
  error: [31, 39],
  warning: [33, 39],
  good: [32, 39],
  strong: [1, 22],
  bar: [36, 39],
};

/**
 * Whether a stream gets colours: if it is a terminal that has them. FORCE_COLOR and NO_COLOR decide otherwise, in this
 * order, as in Node.
 */
export function hasColour(stream: Pick<WriteStream, "isTTY"> | object, env = process.env): boolean {
  if (env.FORCE_COLOR !== undefined) return !["0", "false"].includes(env.FORCE_COLOR);
  if (env.NO_COLOR) return false;
  return "isTTY" in stream && stream.isTTY === true && env.TERM !== "dumb";
}

/** A text that is printable already, in the colour of its style if the stream has colours. */
export function styled(text: string, style: Style | undefined, stream: Pick<WriteStream, "isTTY"> | object): string {
  if (style === undefined || text === "" || !hasColour(stream)) return text;
  const [on, off] = CODES[style];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}
