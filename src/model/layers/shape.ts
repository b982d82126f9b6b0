/** The shape of an activation of one sample: [channels, height, width] or [features]. */
export type ActivationShape = readonly [number, number, number] | readonly [number];

/** A parameter tensor: its name in a state_dict, its shape, and what its initialisation depends on. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Inputs that one output of the layer sums over. */
  readonly fanIn: number;
}

/** What a layer makes of its input. */
export interface LayerShapes {
  readonly output: ActivationShape;
  readonly parameters: readonly ParameterSpec[];
  /** Multiplications with an addition in the forward pass of one sample. */
  readonly multiplyAdds: number;
}

/** A model's layers do not fit together, or a layer's settings make no sense. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** The shapes of a layer that learns and sums nothing. */
export function passive(output: ActivationShape): LayerShapes {
  return { output, parameters: [], multiplyAdds: 0 };
}

/** The parameters of a layer that sums `fanIn` weighted inputs: its weight, of which each row makes one output, and its bias. */
export function weightAndBias(name: string, shape: readonly number[], fanIn: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape, fanIn },
    { name: `${name}.bias`, shape: [shape[0]], fanIn },
  ];
}

/** @throws ShapeError unless the input is [channels, height, width] */
export function requireImage(input: ActivationShape, where: string): readonly [number, number, number] {
  if (input.length !== 3) {
    throw new ShapeError(`${where}: takes [channels, height, width] and gets ${formatShape(input)}`);
  }
  return input;
}

/** A shape in messages: `[6, 28, 28]`. */
export function formatShape(shape: ActivationShape): string {
  return `[${shape.join(", ")}]`;
}
