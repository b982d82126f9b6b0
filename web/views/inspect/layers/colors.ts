import { colorTable, cssOf, fromStyles } from "../../../styles/colors.js";

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
export const canvasColors = fromStyles<CanvasColors>((styles) => {
  const color = (token: string) => cssOf(styles.color(token));
  return {
    ink: color("--ink"),
    quiet: color("--quiet"),
    line: color("--line"),
    halo: color("--raised"),
    mark: color("--run-4"),
    warning: color("--warning"),
    accent: color("--run-1"),
    sequential: colorTable(["--raised", "--ink"].map((token) => styles.color(token))),
    diverging: colorTable(["--run-1", "--raised", "--run-2"].map((token) => styles.color(token))),
  };
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
