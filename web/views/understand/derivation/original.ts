import { LENET5_CONNECTIONS } from "../../../../src/model/index.js";
import { type Expression, number, product, sum } from "./expression.js";

/** The number of maps in S2. */
export const S2_MAPS = 6;

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

/** How many maps of a convolution take how many maps, by Table I or another one. */
export function mapsByInputs(connections: readonly (readonly number[])[]): { maps: number; inputs: number }[] {
  const counts = [...new Set(connections.map(({ length }) => length))].toSorted((one, other) => one - other);
  return counts.map((inputs) => ({ inputs, maps: connections.filter(({ length }) => length === inputs).length }));
}

const C3_PARAMETERS = sum(
  ...mapsByInputs(LENET5_CONNECTIONS).map(({ maps, inputs }) => product(number(maps), kernels(inputs))),
);

/** The parameters of C3 if every map takes all of S2's, as in today's networks. */
export const FULL_C3_PARAMETERS = product(number(LENET5_CONNECTIONS.length), kernels(S2_MAPS));

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
