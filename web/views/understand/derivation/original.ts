import { type Expression, number, product, sum } from "./expression.js";

/** The number of maps in S2. */
export const S2_MAPS = 6;

/**
 * The maps of S2 that each map of C3 is connected to in the published LeNet-5 (LeCun, Bottou, Bengio and Haffner, 1998,
 * table I), one row per map of C3.
 */
export const C3_INPUTS: readonly (readonly number[])[] = [
  ...[0, 1, 2, 3, 4, 5].map((first) => neighbours(first, 3)),
  ...[0, 1, 2, 3, 4, 5].map((first) => neighbours(first, 4)),
  [0, 1, 3, 4],
  [1, 2, 4, 5],
  [0, 2, 3, 5],
  neighbours(0, 6),
];

/** Consecutive maps of S2, wrapping around. */
function neighbours(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, place) => (first + place) % S2_MAPS).toSorted((one, other) => one - other);
}

/** A layer of the network of 1998. */
export interface OriginalLayer {
  readonly name: "C1" | "S2" | "C3" | "S4" | "C5" | "F6";
  readonly maps: number;
  readonly side: number;
  readonly parameters: Expression;
  /** All multiplications and additions in a forward pass, biases included. */
  readonly connections: Expression;
}

const [KERNEL, WINDOW] = [product(number(5), number(5)), product(number(2), number(2))];

/** The parameters of one map: a 5 × 5 kernel per input map, and a bias. */
const kernels = (inputs: number): Expression => sum(product(KERNEL, number(inputs)), number(1));

/** The maps of C3, grouped by their number of inputs. */
const C3_PARAMETERS = sum(
  ...[3, 4, 6].map((inputs) =>
    product(number(C3_INPUTS.filter(({ length }) => length === inputs).length), kernels(inputs)),
  ),
);

/** The parameters of C3 if every map takes all of S2's, as in today's networks. */
export const FULL_C3_PARAMETERS = product(number(C3_INPUTS.length), kernels(S2_MAPS));

const each = (side: number, ...rest: readonly Expression[]) => product(number(side), number(side), ...rest);

/** The layers of 1998 up to the last trainable one; the 840 weights of the output layer were set by hand. */
export const ORIGINAL_LAYERS: readonly OriginalLayer[] = [
  {
    name: "C1",
    maps: 6,
    side: 28,
    parameters: product(number(6), kernels(1)),
    connections: each(28, number(6), kernels(1)),
  },
  {
    name: "S2",
    maps: 6,
    side: 14,
    parameters: product(number(6), sum(number(1), number(1))),
    connections: each(14, number(6), sum(WINDOW, number(1))),
  },
  { name: "C3", maps: 16, side: 10, parameters: C3_PARAMETERS, connections: each(10, C3_PARAMETERS) },
  {
    name: "S4",
    maps: 16,
    side: 5,
    parameters: product(number(16), sum(number(1), number(1))),
    connections: each(5, number(16), sum(WINDOW, number(1))),
  },
  {
    name: "C5",
    maps: 120,
    side: 1,
    parameters: product(number(120), kernels(16)),
    connections: product(number(120), kernels(16)),
  },
  {
    name: "F6",
    maps: 84,
    side: 1,
    parameters: product(number(84), sum(number(120), number(1))),
    connections: product(number(84), sum(number(120), number(1))),
  },
];
