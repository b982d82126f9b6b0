import type { ActivationShape, Layer } from "../../../model/index.js";

/** Threads of a workgroup, which computes one sample of one network. */
export const THREADS = 256;

/** WGSL for the element of an array at an index, which is WGSL too. */
export type Element = (index: string) => string;

/** The shapes that a layer has in its place. */
export interface LayerShapes<SomeLayer extends Layer = Layer> {
  readonly layer: SomeLayer;
  readonly input: ActivationShape;
  readonly output: ActivationShape;
}

/** What the code of one layer reads and writes of one sample. */
export interface LayerCode<SomeLayer extends Layer = Layer> extends LayerShapes<SomeLayer> {
  /** The layer's input. */
  readonly x: Element;
  /** The gradient of the loss by the layer's output. */
  readonly dy: Element;
  readonly weight: Element;
  /** The weight with its dimensions in the reverse order; of linear layers only. */
  readonly transposed: Element;
  readonly bias: Element;
  /** Where threads that share a sum leave their parts; undefined if a thread sums alone. */
  readonly parts?: Element;
  /** What the forward pass keeps for the way back; undefined if there is none. */
  readonly kept?: Element;
  /** Memory for the gradient by x alone. */
  readonly spread: Element;
  /** What the sample leaves for the sums over the batch. */
  readonly trace: Element;
  /** What the joins make of a batch's traces; of layers over a batch only. */
  readonly coefficient: Element;
  /** Takes an output through the elementwise layers that follow, and stores it. */
  storeOutput(index: string, value: string): string;
  /** Takes a value, a variable, through the elementwise layers inside of a layer that pools its own output. */
  applyInside(index: string, variable: string): string;
  /** Takes the gradient by an input back through the elementwise layers that made the input, and stores it. */
  storeInputGradient(index: string, value: string): string;
}

/**
 * A kind of layer that is computed by all threads of a workgroup together, for one sample: WGSL as text, in phases with a
 * barrier between each and the next. `t` is the thread, `THREADS` the number of threads.
 */
export interface LayerKernels<SomeLayer extends Layer = Layer> {
  /** y from x. */
  forward(code: LayerCode<SomeLayer>): readonly string[];
  /** The gradient by x, from the one by y. */
  inputGradient(code: LayerCode<SomeLayer>): readonly string[];
  /**
   * Whether the gradient by an input may take the input's place: its code reads no input, or only those that the same
   * thread replaces.
   */
  replacesInput(shapes: LayerShapes<SomeLayer>): boolean;
  /** How many parts of sums the threads leave. */
  partCounts?(shapes: LayerShapes<SomeLayer>): PartCounts;
  /** The values of `kept` and `spread`; default: none. */
  memory?(shapes: LayerShapes<SomeLayer>): { readonly kept: number; readonly spread: number };
  /** Of layers that learn. */
  readonly parameters?: ParameterKernels<SomeLayer>;
  /** Of layers that need the other samples of the batch in training. */
  readonly overBatch?: BatchKernels<SomeLayer>;
}

/**
 * How a layer's samples come together: in training, all samples end a dispatch with the trace of `measure`, a thread
 * for each channel joins them, and another dispatch goes on with `forward`; on the way back likewise, with the trace of
 * the parameters and before `inputGradient`.
 */
export interface BatchKernels<SomeLayer extends Layer = Layer> {
  /** The values that the joins make of a batch. */
  coefficientCount(shapes: LayerShapes<SomeLayer>): number;
  /** Writes a trace, from x. */
  measure(code: LayerCode<SomeLayer>): readonly string[];
  joinForward(code: JoinCode<SomeLayer>): string;
  joinBackward(code: JoinCode<SomeLayer>): string;
}

/**
 * What the code of a join reads and writes, for the channel `channel`. `samples` is their number, `measures` is false
 * outside training, and `given` is the share of the batch in the running statistics, or 0 for the layer's own.
 */
export interface JoinCode<SomeLayer extends Layer = Layer> extends LayerShapes<SomeLayer> {
  /** A loop over the samples, in their order, with values of their traces. */
  eachSample(indices: readonly string[], add: (...values: string[]) => string): string;
  readonly coefficient: Element;
  /** A tensor of the layer, by its place among its parameters and buffers. */
  tensor(place: number): Element;
}

/** How many parts of sums the threads leave: forward, in the trace, and for the gradient by x. */
export interface PartCounts {
  readonly forward?: number;
  readonly trace?: number;
  readonly inputGradient?: number;
}

/** How the gradients of weight and bias are computed: a part for each sample, then a sum over the batch. */
export interface ParameterKernels<SomeLayer extends Layer = Layer> {
  /** The values of a trace. */
  traceSize(shapes: LayerShapes<SomeLayer>): number;
  /** Writes the trace, from x and the gradient by y. */
  trace(code: LayerCode<SomeLayer>): readonly string[];
  /** What a sample adds to the gradient of the weight at an index. */
  weightGradient(shapes: LayerShapes<SomeLayer>, trace: Element, index: string): string;
  /** What a sample adds to the gradient of the bias at an index. */
  biasGradient(shapes: LayerShapes<SomeLayer>, trace: Element, index: string): string;
}

/** A loop in which all threads share the indices 0 … count − 1. */
export function eachIndex(count: number, index: string, body: string): string {
  return `for (var ${index} = t; ${index} < ${count}u; ${index} += THREADS) {\n${body}\n}`;
}

/** Code once for each of so many. */
export function each(count: number, code: (one: number) => string): string {
  return Array.from({ length: count }, (_, one) => code(one)).join("\n            ");
}

/** The largest divisor of a count that is not above a number. */
export function largestDivisor(count: number, most: number): number {
  for (let divisor = Math.min(count, most); divisor > 1; divisor--) if (count % divisor === 0) return divisor;
  return 1;
}

/** A loop over the terms of sums, from an index that is declared to before the end. */
export interface TermLoop {
  /** The index; it is at the end afterwards. */
  readonly index: string;
  readonly end: string;
  /** By how much the index grows from term to term; default 1. */
  readonly step?: number;
  /** So many terms are loaded before any is added: their loads need not wait for each other. */
  readonly atOnce: number;
  /** What the term at an index loads. */
  loads(index: string): readonly string[];
  /** Adds a term, by the names of what it loaded. */
  add(...loaded: string[]): string;
}

/** Emits a loop that adds the terms in their order. */
export function addTerms({ index, end, step = 1, atOnce, loads, add }: TermLoop): string {
  const terms = Array.from({ length: atOnce }, (_, term) => {
    const loaded = loads(`(${index} + ${term * step})`).map((load, place) => ({ name: `term${term}_${place}`, load }));
    return {
      declarations: loaded.map(({ name, load }) => `let ${name} = ${load};`).join(" "),
      sum: add(...loaded.map(({ name }) => name)),
    };
  });
  return `
      for (; ${index} + ${(atOnce - 1) * step} < ${end}; ${index} += ${atOnce * step}) {
        ${terms.map(({ declarations }) => declarations).join("\n        ")}
        ${terms.map(({ sum }) => sum).join("\n        ")}
      }
      for (; ${index} < ${end}; ${index} += ${step}) { ${add(...loads(index))} }`;
}

/** [channels, height, width] of a layer that takes and gives images. */
export function imageExtents(shape: ActivationShape): readonly [number, number, number] {
  const [channels, height = 1, width = 1] = shape;
  return [channels, height, width];
}
