import { type ActivationShape, type Layer, type Normalization, shapeLayer, type Tensor } from "../../model/index.js";
import { FormatError } from "../errors.js";
import type { GraphNode } from "./node.js";
import { passesThrough, readPadding } from "./passing.js";
import type { Activation, FloatConstant, Value } from "./values.js";

/** What comes next in a network: one node, in any of its equivalent forms. */
export interface Step {
  /** Completes the message "found where a LeNet-5 has …". */
  readonly expected: string;
  readonly operators: readonly string[];
  /** Whether the node may be missing. */
  readonly isOptional?: true;
  /** Adds what the node computes to the network, and returns the shape of a sample after it. */
  read(node: GraphNode, network: Network): readonly number[];
}

/** The network formed by the nodes of a graph that have been read so far. */
export class Network {
  readonly layers: Layer[] = [];
  readonly parameters = new Map<string, Tensor<Float32Array>>();
  /** How the graph normalises bytes. */
  readonly normalization = { mean: [] as number[], std: [] as number[] } satisfies Normalization;
  private readonly steps: Step[];
  /** The last node's output. The next node must take it, as a LeNet-5 has no branches. */
  head: Activation;
  /** The shape of a sample at the head, before the padding of the next convolution. */
  private shape: readonly number[];
  private padding = 0;

  constructor(input: Activation, steps: readonly Step[]) {
    this.head = input;
    this.shape = input.shape;
    this.steps = [...steps];
  }

  /** @throws FormatError if it is not what comes next in a LeNet-5 */
  take(node: GraphNode): Activation {
    for (const input of node.inputs) {
      if (input?.kind === "activation" && input !== this.head) {
        node.fail("its input is not the output of the previous node, expected no branches");
      }
    }
    const next = this.steps.findIndex(({ isOptional, operators }) => !isOptional || operators.includes(node.operator));
    const step = next < 0 ? undefined : this.steps[next];
    if (step?.operators.includes(node.operator)) {
      this.steps.splice(0, next + 1);
      this.shape = step.read(node, this);
      this.head = { ...this.head, shape: this.shape };
    } else if (node.operator === "Pad" && step?.operators.includes("Conv")) {
      this.pad(readPadding(node));
    } else if (!passesThrough(node)) {
      node.fail(`found where a LeNet-5 has ${step?.expected ?? "the end"}`);
    }
    return this.head;
  }

  private pad(padding: number): void {
    if (padding === 0) return;
    const [channels, height, width] = this.head.shape;
    this.padding += padding;
    this.head = { ...this.head, shape: [channels, height + 2 * padding, width + 2 * padding] };
  }

  /** @throws FormatError if something is missing, or the graph's output is not the last node's */
  finish(output: string, value: Value | undefined): void {
    const missing = this.steps.find(({ isOptional }) => !isOptional);
    if (missing) throw new FormatError(`onnx: the graph ends where a LeNet-5 has ${missing.expected}`);
    if (value !== this.head) throw new FormatError(`onnx: the output "${output}" is not the last node's output`);
  }

  /** Inserts a step before the remaining ones. */
  expect(step: Step): void {
    this.steps.unshift(step);
  }

  /** Returns the padding by Pad nodes before a convolution, which becomes part of the convolution, and resets it. */
  takePadding(): number {
    const { padding } = this;
    this.padding = 0;
    return padding;
  }

  /** Adds a layer and the constants that are its parameters. Omitted ones follow with a later node. */
  add(node: GraphNode, layer: Layer, ...constants: readonly FloatConstant[]): ActivationShape {
    const { output, parameters } = shapeLayer(layer, this.shape as ActivationShape, node.label);
    for (const [index, constant] of constants.entries()) {
      this.addParameter(node, parameters[index].name, parameters[index].shape, constant);
    }
    this.layers.push(layer);
    return output;
  }

  /** @throws FormatError if the constant's shape is not the parameter's */
  addParameter(node: GraphNode, name: string, shape: readonly number[], constant: FloatConstant): void {
    if (constant.shape.join() !== shape.join()) {
      node.fail(`its tensor "${constant.name}" is [${constant.shape}], expected [${shape}]`);
    }
    this.parameters.set(name, { shape, data: constant.data });
  }
}
