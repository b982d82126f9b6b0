import { escapeText, shortened } from "./markup.js";
import { DISTINCT_COLORS, FONT, INK, LINE_INK, QUIET_INK } from "./palette.js";

/** An image of the data set and its augmented versions, as data URIs. */
export interface SheetGroup {
  readonly original: string;
  readonly augmented: readonly string[];
}

/** A class and some of its images. */
export interface SheetRow {
  readonly label: string;
  /** A second line under the label. */
  readonly note: string;
  readonly groups: readonly SheetGroup[];
}

/** The content of a contact sheet. */
export interface ContactSheet {
  readonly title: string;
  readonly subtitle: string;
  readonly rows: readonly SheetRow[];
  /** The size of the images in pixels; they are scaled when drawn. */
  readonly image: { readonly width: number; readonly height: number };
}

/** The frame around originals. */
const FRAME_INK = DISTINCT_COLORS[0];

const MARGIN = 24;
const HEADER = 72;
const LABEL_WIDTH = 150;
/** The longer side of an image on the sheet, in pixels. */
const TILE = 56;
const TILE_GAP = 6;
const GROUP_GAP = 22;
const ROW_GAP = 14;
const FRAME = 2;
const LONGEST_LABEL = 20;
const NARROWEST = 640;

/**
 * Draws a contact sheet with one row per class. Each original (framed) is followed by its augmented versions.
 *
 * @returns an SVG on white, as text
 */
export function contactSheetSvg({ title, subtitle, rows, image }: ContactSheet): string {
  const scale = TILE / Math.max(image.width, image.height);
  const tile = { width: image.width * scale, height: image.height * scale };
  const tileStep = tile.width + TILE_GAP;
  const rowStep = Math.max(tile.height, TILE / 2) + ROW_GAP;
  const groupWidth = (group: SheetGroup) => (1 + group.augmented.length) * tileStep - TILE_GAP + GROUP_GAP;
  const rowWidth = (row: SheetRow) => row.groups.reduce((sum, group) => sum + groupWidth(group), -GROUP_GAP);
  const width = Math.ceil(Math.max(NARROWEST, 2 * MARGIN + LABEL_WIDTH + Math.max(...rows.map(rowWidth))));
  const height = Math.ceil(HEADER + MARGIN + rows.length * rowStep);

  const tileImage = (href: string, x: number, y: number) =>
    `<image href="${href}" x="${x}" y="${y}" width="${tile.width}" height="${tile.height}" image-rendering="optimizeSpeed" preserveAspectRatio="none"/>`;
  const text = (content: string, x: number, y: number, size: number, fill: string, weight = "normal") =>
    `<text x="${x}" y="${y}" font-family="${FONT}" font-size="${size}" font-weight="${weight}" fill="${fill}">${escapeText(content)}</text>`;

  const body = rows.flatMap((row, index) => {
    const top = HEADER + index * rowStep;
    const middle = top + tile.height / 2;
    const parts = [
      `<line x1="${MARGIN}" y1="${top - ROW_GAP / 2}" x2="${width - MARGIN}" y2="${top - ROW_GAP / 2}" stroke="${LINE_INK}"/>`,
      text(shortened(row.label, LONGEST_LABEL), MARGIN, middle - 2, 13, INK),
      text(row.note, MARGIN, middle + 14, 11, QUIET_INK),
    ];
    let left = MARGIN + LABEL_WIDTH;
    for (const group of row.groups) {
      parts.push(
        `<rect x="${left - FRAME}" y="${top - FRAME}" width="${tile.width + 2 * FRAME}" height="${tile.height + 2 * FRAME}" fill="${FRAME_INK}"/>`,
        tileImage(group.original, left, top),
        ...group.augmented.map((href, form) => tileImage(href, left + (form + 1) * tileStep, top)),
      );
      left += groupWidth(group);
    }
    return parts;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(title, MARGIN, 32, 17, INK, "bold"),
    text(subtitle, MARGIN, 52, 12, QUIET_INK),
    ...body,
    "</svg>",
    "",
  ].join("\n");
}
