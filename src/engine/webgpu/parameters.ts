import {
  elementCount,
  type NamedTensors,
  type ParameterSpec,
  parameterSpecs,
  requireParameters,
  type ShapedLayer,
} from "../../model/index.js";

/** Where the parameters of a network lie in an arena: one after the other, in PyTorch's layout. */
export interface ParameterLayout {
  readonly specs: readonly ParameterSpec[];
  readonly offsets: ReadonlyMap<string, number>;
  /** The number of all parameters. */
  readonly size: number;
  /** Where the weights of linear layers lie in an array of their own, transposed: [in][out]. */
  readonly transposedOffsets: ReadonlyMap<string, number>;
  readonly transposedSize: number;
}

export function layoutParameters(layers: readonly ShapedLayer[]): ParameterLayout {
  const specs = parameterSpecs(layers);
  let size = 0;
  const offsets = new Map<string, number>();
  let transposedSize = 0;
  const transposedOffsets = new Map<string, number>();
  for (const { name, shape } of specs) {
    offsets.set(name, size);
    size += elementCount(shape);
    if (shape.length !== 2) continue;
    transposedOffsets.set(name, transposedSize);
    transposedSize += elementCount(shape);
  }
  return { specs, offsets, size, transposedOffsets, transposedSize };
}

/** All parameters one after the other. @throws ShapeError if a tensor is missing, unknown or of another shape */
export function packTensors(
  { specs, offsets, size }: ParameterLayout,
  tensors: NamedTensors,
): Float32Array<ArrayBuffer> {
  requireParameters(specs, tensors);
  const packed = new Float32Array(size);
  for (const { name } of specs) {
    const data: ArrayLike<number | bigint> = tensors.get(name)!.data;
    for (let place = 0, offset = offsets.get(name)!; place < data.length; place++) {
      packed[offset + place] = Number(data[place]);
    }
  }
  return packed;
}

/** The tensors in an arena, as copies. */
export function unpackTensors({ specs, offsets }: ParameterLayout, packed: Float32Array): NamedTensors<Float32Array> {
  return new Map(
    specs.map(({ name, shape }) => {
      const offset = offsets.get(name)!;
      return [name, { shape, data: packed.slice(offset, offset + elementCount(shape)) }];
    }),
  );
}
