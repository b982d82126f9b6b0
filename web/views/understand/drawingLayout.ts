import type { LayerDerivation } from "./derivation/derive.js";

/** A stack of maps or a column of values, in drawing units. */
export interface Block {
  readonly kind: "maps" | "values";
  /** The label above it: C1, S2 … */
  readonly term: string;
  /** The label below it: 6 @ 28 × 28, or 120. */
  readonly extents: readonly number[];
  readonly x: number;
  readonly width: number;
  readonly height: number;
  /** The number of sheets drawn for a stack, and the offset between them. */
  readonly sheets: number;
  readonly offset: number;
}

/** A connection between two blocks. */
export interface Step {
  /** The index of its layer in the model. */
  readonly layer: number;
  readonly x: number;
  readonly type: LayerDerivation["layer"]["type"];
  /** The side of its window, if it has one. */
  readonly kernel?: number;
}

export interface Drawing {
  readonly width: number;
  readonly blocks: readonly Block[];
  readonly steps: readonly Step[];
}

/** The maximum height of a block. */
export const TALLEST = 150;
const SMALLEST = 12;
const GAP = 62;
const COLUMN_WIDTH = 12;
const MOST_SHEETS = 16;

/** Lays out a model from left to right, with maps as stacks of sheets sized by their dimensions. */
export function layOut(layers: readonly LayerDerivation[]): Drawing {
  const [{ input }] = layers;
  const largest = Math.max(input[1] ?? 1, input[2] ?? 1);
  const named = layers.map((layer, index) => ({ ...layer, index })).filter(({ term }) => term !== undefined);
  const blocks: Block[] = [];
  const steps: Step[] = [];
  let x = 0;
  const place = (term: string, extents: readonly number[]) => {
    const block = { term, extents, x, ...measures(extents, largest) };
    blocks.push(block);
    x += block.width + (block.sheets - 1) * block.offset;
  };
  place("input", input);
  for (const { layer, term = "", output, index } of named) {
    steps.push({
      layer: index,
      x: x + GAP / 2,
      type: layer.type,
      kernel: "kernel" in layer ? layer.kernel : undefined,
    });
    x += GAP;
    place(term, output);
  }
  return { width: x, blocks, steps };
}

function measures(extents: readonly number[], largest: number) {
  const [count, height, width] = extents;
  if (height === undefined || width === undefined) {
    const tall = Math.min(TALLEST, Math.max(24, 24 + 14 * Math.sqrt(count)));
    return { kind: "values", width: COLUMN_WIDTH, height: tall, sheets: 1, offset: 0 } as const;
  }
  // Halfway between true and equal sizes: a 5 × 5 map remains visible beside a 28 × 28 one.
  const scaled = (side: number) => Math.max(SMALLEST, 110 * Math.sqrt(side / largest) ** 1.6);
  const sheets = Math.min(MOST_SHEETS, count);
  return { kind: "maps", width: scaled(width), height: scaled(height), sheets, offset: sheets > 8 ? 3.5 : 6 } as const;
}
