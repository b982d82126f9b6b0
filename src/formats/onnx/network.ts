import { type ActivationShape, type Layer, type Normalization, shapeLayer, type Tensor } from "../../model/index.js";
import { FormatError } from "../errors.js";
import type { GraphNode } from "./node.js";
import { passesThrough, readPadding } from "./passing.js";
import type { Activation, FloatConstant, Value } from "./values.js";

/** What comes next in a network: one node, in any of the forms that it can have. */
export interface Step {
  /** For messages: where a LeNet-5 has … */
  readonly expected: string;
  readonly operators: readonly string[];
  /** Adds to the network what the node computes, and gives the shape of a sample after it. */
  read(node: GraphNode, network: Network): readonly number[];
}

/** The network that the nodes of a graph make up, as far as they have been read. */
export class Network {
  readonly layers: Layer[] = [];
  readonly parameters = new Map<string, Tensor<Float32Array>>();
  /** What is done to bytes before the network. */
  readonly normalization = { mean: [] as number[], std: [] as number[] } satisfies Normalization;
  private readonly steps: Step[];
  /** What the last node gave: only this may be taken, as a LeNet-5 has no branches. */
  head: Activation;
  /** The shape of a sample at the head, before the padding of the next convolution. */
  private shape: readonly number[];
  private padding = 0;

  constructor(input: Activation, steps: readonly Step[]) {
    this.head = input;
    this.shape = input.shape;
    this.steps = [...steps];
  }

  /** @throws FormatError where it is not what comes next in a LeNet-5 */
  take(node: GraphNode): Activation {
    for (const input of node.inputs) {
      if (input?.kind === "activation" && input !== this.head) {
        node.fail("it takes a value from before the last node, expected no branches");
      }
    }
    const [step] = this.steps;
    if (step?.operators.includes(node.operator)) {
      this.steps.shift();
      this.shape = step.read(node, this);
      this.head = { ...this.head, shape: this.shape };
    } else if (node.operator === "Pad" && step?.operators.includes("Conv")) {
      this.pad(readPadding(node));
    } else if (!passesThrough(node)) {
      node.fail(`found where a LeNet-5 has ${step?.expected ?? "its end"}`);
    }
    return this.head;
  }

  private pad(padding: number): void {
    if (padding === 0) return;
    const [channels, height, width] = this.head.shape;
    this.padding += padding;
    this.head = { ...this.head, shape: [channels, height + 2 * padding, width + 2 * padding] };
  }

  /** @throws FormatError where something is missing, or the output is not what the last node gives */
  finish(output: string, value: Value | undefined): void {
    const [missing] = this.steps;
    if (missing) throw new FormatError(`onnx: the graph ends where a LeNet-5 has ${missing.expected}`);
    if (value !== this.head) throw new FormatError(`onnx: the output "${output}" is not what the last node gives`);
  }

  /** Puts a step before those that are left. */
  expect(step: Step): void {
    this.steps.unshift(step);
  }

  /** The padding by nodes before a convolution, which becomes a part of it. */
  takePadding(): number {
    const { padding } = this;
    this.padding = 0;
    return padding;
  }

  /** Adds a layer and the constants that are its parameters; those left out come with a later node. */
  add(node: GraphNode, layer: Layer, ...constants: readonly FloatConstant[]): ActivationShape {
    const { output, parameters } = shapeLayer(layer, this.shape as ActivationShape, node.label);
    for (const [index, constant] of constants.entries()) {
      this.addParameter(node, parameters[index].name, parameters[index].shape, constant);
    }
    this.layers.push(layer);
    return output;
  }

  /** @throws FormatError where the constant has another shape than the parameter */
  addParameter(node: GraphNode, name: string, shape: readonly number[], constant: FloatConstant): void {
    if (constant.shape.join() !== shape.join()) {
      node.fail(`its tensor "${constant.name}" is [${constant.shape}], expected [${shape}]`);
    }
    this.parameters.set(name, { shape, data: constant.data });
  }
}
