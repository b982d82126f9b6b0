import {
  elementCount,
  type NamedTensors,
  type ParameterSpec,
  parameterSpecs,
  type ShapedLayer,
} from "../../model/index.js";

/** Where the parameters and buffers of a network lie in an arena: one after the other, in PyTorch's layout. */
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

/** Tensors one after the other, for an arena; moments have none for buffers. */
export function packTensors({ offsets, size }: ParameterLayout, tensors: NamedTensors): Float32Array<ArrayBuffer> {
  const packed = new Float32Array(size);
  for (const [name, tensor] of tensors) {
    const data: ArrayLike<number | bigint> = tensor.data;
    for (let place = 0, offset = offsets.get(name)!; place < data.length; place++) {
      packed[offset + place] = Number(data[place]);
    }
  }
  return packed;
}

/** The tensors in an arena, as copies. @param buffers whether it has buffers, too */
export function unpackTensors(
  { specs, offsets }: ParameterLayout,
  packed: Float32Array,
  buffers: boolean,
): NamedTensors<Float32Array> {
  const unpacked = specs.filter(({ isBuffer }) => buffers || !isBuffer);
  return new Map(
    unpacked.map(({ name, shape }) => {
      const offset = offsets.get(name)!;
      return [name, { shape, data: packed.slice(offset, offset + elementCount(shape)) }];
    }),
  );
}
