/** The element types of a tensor read from a file; half precision is widened to float32. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A dense tensor, row-major in PyTorch's layout: weights [out, in, kh, kw], linear weights [out, in], images NCHW. */
export interface Tensor<Data extends TensorData = TensorData> {
  readonly shape: readonly number[];
  readonly data: Data;
}

/** Tensors by name, in order. */
export type NamedTensors<Data extends TensorData = TensorData> = ReadonlyMap<string, Tensor<Data>>;

/** The number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
