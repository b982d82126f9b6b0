import { type ActivationShape, kindOf } from "./layers/index.js";
import type { ShapedLayer } from "./shapes.js";

/** A range of indices, both ends included; empty if `last` is below `first`. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** A box in an activation [channels, height, width]; [features] counts as that many 1×1 channels. */
export interface Block {
  readonly channels: Span;
  readonly rows: Span;
  readonly columns: Span;
}

type Extents = readonly [channels: number, height: number, width: number];

/** The channel, row and column of a unit, given its index in the activation's row-major order. */
export function unitPlace(
  shape: ActivationShape,
  unit: number,
): readonly [channel: number, row: number, column: number] {
  return placeOf(extentsOf(shape), unit);
}

/** The block of one unit, given its index in the activation's row-major order. */
export function unitBlock(shape: ActivationShape, unit: number): Block {
  const [channel, row, column] = placeOf(extentsOf(shape), unit);
  return { channels: only(channel), rows: only(row), columns: only(column) };
}

/**
 * The receptive fields of a block of a layer's output: the smallest boxes, in the input and in every earlier layer's
 * output, that contain all values it is computed from. Zero padding is excluded.
 *
 * @param layer the index of the layer
 * @param block a block of that layer's output
 * @returns the box in the input, then one per layer's output; the last is `block` itself
 */
export function receptiveFields(layers: readonly ShapedLayer[], layer: number, block: Block): Block[] {
  const fields = [block];
  for (let index = layer; index >= 0; index--) fields.unshift(fieldBefore(layers[index], fields[0]));
  return fields;
}

function fieldBefore({ layer, input, output }: ShapedLayer, block: Block): Block {
  const reach = kindOf(layer).reach(layer);
  if (reach === "itself") {
    return input.length === output.length ? block : unflattened(block.channels, extentsOf(input), extentsOf(output));
  }
  const all = whole(extentsOf(input));
  const channels = reach.channels === "all" ? all.channels : block.channels;
  if (!reach.window) return { ...all, channels };
  const { kernel, stride, padding = 0 } = reach.window;
  const covered = ({ first, last }: Span, { last: end }: Span): Span => ({
    first: Math.max(0, first * stride - padding),
    last: Math.min(end, last * stride - padding + kernel - 1),
  });
  return { channels, rows: covered(block.rows, all.rows), columns: covered(block.columns, all.columns) };
}

/** The smallest box that contains a range of features before they were flattened. */
function unflattened({ first, last }: Span, input: Extents, [features]: Extents): Block {
  if (first === 0 && last === features - 1) return whole(input);
  const [firstChannel, firstRow, firstColumn] = placeOf(input, first);
  const [lastChannel, lastRow, lastColumn] = placeOf(input, last);
  const all = whole(input);
  const isOneChannel = firstChannel === lastChannel;
  const isOneRow = isOneChannel && firstRow === lastRow;
  return {
    channels: { first: firstChannel, last: lastChannel },
    rows: isOneChannel ? { first: firstRow, last: lastRow } : all.rows,
    columns: isOneRow ? { first: firstColumn, last: lastColumn } : all.columns,
  };
}

function extentsOf(shape: ActivationShape): Extents {
  return shape.length === 3 ? shape : [shape[0], 1, 1];
}

function placeOf([, height, width]: Extents, unit: number): Extents {
  return [Math.floor(unit / (height * width)), Math.floor(unit / width) % height, unit % width];
}

function only(index: number): Span {
  return { first: index, last: index };
}

function whole([channels, height, width]: Extents): Block {
  return {
    channels: { first: 0, last: channels - 1 },
    rows: { first: 0, last: height - 1 },
    columns: { first: 0, last: width - 1 },
  };
}
