import { elementCount, type NamedTensors, parameterSpecs, type ShapedLayer } from "../../model/index.js";
import { FLOAT_BYTES, paddedFeatures, roundUp, type StoredParameter } from "./kernels/index.js";

/** The layout of all parameters of a model in an arena. Weights, both moments and gradients have an arena each. */
export interface ParameterLayout {
  readonly parameters: ReadonlyMap<string, StoredParameter>;
  readonly bytes: number;
}

const ALIGNMENT = 64;

/** Lays the parameters out, in the order of the layers. */
export function layoutParameters(layers: readonly ShapedLayer[]): ParameterLayout {
  let offset = 0;
  const parameters = new Map<string, StoredParameter>();
  for (const spec of parameterSpecs(layers)) {
    const matrix = spec.shape.length === 2;
    const rows = matrix ? spec.shape[0] : 1;
    const rowFloats = elementCount(spec.shape) / rows;
    const paddedRowFloats = paddedFeatures(rowFloats);
    const bytes = rows * paddedRowFloats * FLOAT_BYTES;
    parameters.set(spec.name, { spec, offset, rows, rowFloats, paddedRowFloats, bytes });
    offset += roundUp(bytes, ALIGNMENT);
  }
  return { parameters, bytes: offset };
}

/** Copies the tensors of an arena out, without their padding. @param buffers whether it has buffers, too */
export function readArena(layout: ParameterLayout, arena: Float32Array, buffers: boolean): NamedTensors<Float32Array> {
  const read = [...layout.parameters].filter(([, { spec }]) => buffers || !spec.isBuffer);
  return new Map(
    read.map(([name, { spec, offset, rows, rowFloats, paddedRowFloats }]) => {
      const data = new Float32Array(rows * rowFloats);
      for (let row = 0; row < rows; row++) {
        const start = offset / FLOAT_BYTES + row * paddedRowFloats;
        data.set(arena.subarray(start, start + rowFloats), row * rowFloats);
      }
      return [name, { shape: spec.shape, data }];
    }),
  );
}

/** Copies tensors into an arena: one for each parameter and, if it has them, each buffer. */
export function writeArena(layout: ParameterLayout, arena: Float32Array, tensors: NamedTensors): void {
  // Clears the padding too: infinite gradients may have made it infinite or NaN, and times zero that is NaN.
  arena.fill(0);
  for (const [name, { offset, rows, rowFloats, paddedRowFloats }] of layout.parameters) {
    const tensor = tensors.get(name);
    // Moments of buffers.
    if (!tensor) continue;
    const { data } = tensor;
    for (let row = 0; row < rows; row++) {
      const start = offset / FLOAT_BYTES + row * paddedRowFloats;
      for (let column = 0; column < rowFloats; column++) {
        arena[start + column] = Number(data[row * rowFloats + column]);
      }
    }
  }
}
