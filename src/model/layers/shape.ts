/** The shape of an activation of one sample: [channels, height, width] or [features]. */
export type ActivationShape = readonly [number, number, number] | readonly [number];

/** A parameter tensor, or a buffer: its name in a state_dict and its shape. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /**
   * What an untrained network has: draws that depend on how many inputs one output sums over, be it all outputs or each,
   * or a constant.
   */
  readonly initial: { readonly fanIn: number | readonly number[] } | { readonly constant: number };
  /** A buffer, as PyTorch calls it: training measures it, no gradient changes it, and it is not counted. */
  readonly isBuffer?: true;
  /** Of a weight [out, in, …]: the connected inputs of each output. All other elements are always zero. */
  readonly connections?: ConnectionTable;
}

/** For each output channel, the input channels that it is connected to, ascending. */
export type ConnectionTable = readonly (readonly number[])[];

/** A layer's output shape, parameters and cost. */
export interface LayerShapes {
  readonly output: ActivationShape;
  readonly parameters: readonly ParameterSpec[];
  /** Multiply-adds in the forward pass of one sample. */
  readonly multiplyAdds: number;
}

/** A model's layers do not fit together, or a layer's settings are invalid. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** The shapes of a layer without parameters and multiply-adds. */
export function passive(output: ActivationShape): LayerShapes {
  return { output, parameters: [], multiplyAdds: 0 };
}

/** Weight and bias of a layer that sums `fanIn` weighted inputs; the first axis of the weight is the output. */
export function weightAndBias(
  name: string,
  shape: readonly number[],
  fanIn: number | readonly number[],
  connections?: ConnectionTable,
): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape, initial: { fanIn }, ...(connections && { connections }) },
    { name: `${name}.bias`, shape: [shape[0]], initial: { fanIn } },
  ];
}

/** @throws ShapeError unless the input is [channels, height, width] */
export function requireImage(input: ActivationShape, where: string): readonly [number, number, number] {
  if (input.length !== 3) {
    throw new ShapeError(`${where}: expected input [channels, height, width], got ${formatShape(input)}`);
  }
  return input;
}

/** The number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** The number of trainable values of a parameter: all elements, or those of its connections; none of a buffer. */
export function trainableCount({ shape, connections, isBuffer }: ParameterSpec): number {
  if (isBuffer) return 0;
  if (!connections) return elementCount(shape);
  const connected = connections.reduce((sum, { length }) => sum + length, 0);
  return connected * elementCount(shape.slice(2));
}

/** Whether each element of a parameter is connected, row-major; undefined if all are. */
export function connectedElements({ shape, connections }: ParameterSpec): boolean[] | undefined {
  if (!connections) return undefined;
  const perChannel = elementCount(shape.slice(2));
  return connections.flatMap((inputs) => {
    const connected = Array.from({ length: shape[1] }, (_, channel) => inputs.includes(channel));
    return connected.flatMap((is) => Array<boolean>(perChannel).fill(is));
  });
}

/** Formats a shape for messages: `[6, 28, 28]`. */
export function formatShape(shape: ActivationShape): string {
  return `[${shape.join(", ")}]`;
}
