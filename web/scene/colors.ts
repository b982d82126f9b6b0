import { colorTable, cssOf, fromStyles } from "../styles/colors.js";

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

/** Those of the current theme, from the style sheet. */
export const sceneColors = fromStyles<SceneColors>((styles) => {
  const color = (token: string) => cssOf(styles.color(token));
  return {
    ink: color("--ink"),
    quiet: color("--quiet"),
    line: color("--line"),
    ground: color("--ground"),
    accent: color("--accent"),
    adds: color("--adds"),
    takes: color("--takes"),
    chosen: color("--chosen"),
    dot: color("--dot"),
    serif: styles.text("--serif"),
    sans: styles.text("--sans"),
    activation: colorTable([0, 1, 2, 3, 4, 5].map((stop) => styles.color(`--activation-${stop}`))),
    signed: colorTable(["--takes", "--activation-0", "--adds"].map((token) => styles.color(token))),
  };
});

/** A colour of a table as CSS. */
export function cssColor(colors: Uint32Array, share: number): string {
  const [red, green, blue] = new Uint8Array(colors.buffer, 4 * Math.round(255 * Math.min(1, Math.max(0, share))), 3);
  return `rgb(${red} ${green} ${blue})`;
}
