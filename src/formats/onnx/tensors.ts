import { elementCount, type Tensor, type TensorData } from "../../model/index.js";
import { decodeElements, type ElementType, elementSize, type TensorBudget } from "../elements.js";
import { FormatError } from "../errors.js";
import { DataType, type NewTensor, type TensorMessage } from "./messages.js";
import type { FloatConstant, IntegerConstant } from "./values.js";

/** The length of the longest list of sizes or axes: the pads of four axes. */
export const MOST_INTEGERS = 8;

type ListField = "float_data" | "double_data" | "int32_data" | "int64_data";
const LIST_FIELDS: readonly ListField[] = ["float_data", "double_data", "int32_data", "int64_data"];

interface ElementFormat {
  readonly element: ElementType;
  /** The field with the elements if they are not in raw_data. */
  readonly field: ListField;
  readonly kind: "floats" | "integers";
}

const FORMATS = new Map<number | undefined, ElementFormat>([
  [DataType.FLOAT, { element: "F32", field: "float_data", kind: "floats" }],
  [DataType.DOUBLE, { element: "F64", field: "double_data", kind: "floats" }],
  [DataType.FLOAT16, { element: "F16", field: "int32_data", kind: "floats" }],
  [DataType.BFLOAT16, { element: "BF16", field: "int32_data", kind: "floats" }],
  [DataType.INT64, { element: "I64", field: "int64_data", kind: "integers" }],
  [DataType.INT32, { element: "I32", field: "int32_data", kind: "integers" }],
  [DataType.BOOL, { element: "BOOL", field: "int32_data", kind: "integers" }],
]);

/** Whether any value of a graph can have this type. */
export function isElementType(type: number | undefined): boolean {
  return FORMATS.has(type) || type === DataType.UINT8;
}

/** Whether weights can have this type. */
export function isFloatType(type: number | undefined): boolean {
  return FORMATS.get(type)?.kind === "floats";
}

/**
 * Accounts for a tensor that is about to be read. Elements that are not in raw_data are numbers in memory already.
 *
 * @throws FormatError if the file's tensors take more than they may
 */
export function spend(budget: TensorBudget, { name = "", data_type, raw_data }: TensorMessage): void {
  const format = FORMATS.get(data_type);
  if (format && raw_data) budget.spend(name, format.element, [raw_data.length / elementSize(format.element)]);
}

/**
 * Reads a constant. Floating point of other widths is converted to float32.
 *
 * @throws FormatError if its data is in another file, does not fit its shape, or has a type that no LeNet-5 needs
 */
export function readConstant(tensor: TensorMessage): FloatConstant | IntegerConstant {
  const { name = "", dims: shape, data_type: type, external_data: external, data_location: location = 0 } = tensor;
  const fail = (problem: string) => new FormatError(`onnx: tensor "${name}": ${problem}`);
  if (external.length > 0 || location !== 0) {
    const file = external.find(({ key }) => key === "location")?.value ?? "";
    throw fail(`its data is in another file ("${file}"); write the model as one file (external_data=False)`);
  }
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw fail(`its shape [${shape}] is not a list of non-negative integers`);
  }
  const format = FORMATS.get(type);
  if (!format) throw fail(`its elements have type ${type}, expected floating point`);
  const count = elementCount(shape);
  if (format.kind === "integers" && count > MOST_INTEGERS) {
    throw fail(`it holds ${count} integers, expected floating point`);
  }
  const data = readElements(tensor, format, count, fail);
  return format.kind === "floats"
    ? { kind: "floats", name, shape, isTransposed: false, data: toFloats(data) }
    : { kind: "integers", shape, data: Array.from(data, Number) };
}

function readElements(
  tensor: TensorMessage,
  { element, field }: ElementFormat,
  count: number,
  fail: (problem: string) => FormatError,
): TensorData | readonly number[] {
  const { raw_data: raw } = tensor;
  const other = LIST_FIELDS.find((each) => tensor[each].length > 0 && (raw !== undefined || each !== field));
  if (other !== undefined) throw fail(`its data is in ${other}, expected ${raw ? "raw_data" : field} only`);
  const found = raw ? raw.length / elementSize(element) : tensor[field].length;
  if (found !== count) throw fail(`its shape [${tensor.dims}] does not fit ${found} elements`);
  if (raw) return decodeElements(element, raw);
  // Half precision is listed as bit patterns.
  const isHalf = elementSize(element) === 2;
  return isHalf ? decodeElements(element, new Uint8Array(Uint16Array.from(tensor[field]).buffer)) : tensor[field];
}

/** An int64 or float32 constant, bit for bit. */
export function writeTensor(name: string, { shape, data }: Tensor): NewTensor {
  const isInteger = data instanceof BigInt64Array;
  const values = isInteger ? data : toFloats(data);
  const raw_data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { dims: shape, data_type: isInteger ? DataType.INT64 : DataType.FLOAT, name, raw_data };
}

function toFloats(data: TensorData | readonly number[]): Float32Array {
  return data instanceof Float32Array ? data : new Float32Array(data as ArrayLike<number>);
}
