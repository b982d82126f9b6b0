import { elementCount, type NamedTensors, type Tensor } from "../../model/index.js";
import { decodeElements, type ElementType, elementSize, encodeElements, type TensorBudget } from "../elements.js";
import { FormatError } from "../errors.js";
import type { Expression, Vocabulary } from "./pickle.js";

/**
 * What PyTorch pickles: an OrderedDict of tensors. Each is a view (offset, shape, strides) of a storage, whose bytes
 * lie outside the pickle under a key.
 */

const ORDERED_DICT = "collections.OrderedDict";
const REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2";

/** The same as PyTorch's limit. */
const MOST_DIMENSIONS = 64;

const STORAGE_TYPES: readonly (readonly [string, ElementType])[] = [
  ["torch.DoubleStorage", "F64"],
  ["torch.FloatStorage", "F32"],
  ["torch.HalfStorage", "F16"],
  ["torch.BFloat16Storage", "BF16"],
  ["torch.LongStorage", "I64"],
  ["torch.IntStorage", "I32"],
  ["torch.ShortStorage", "I16"],
  ["torch.CharStorage", "I8"],
  ["torch.ByteStorage", "U8"],
  ["torch.BoolStorage", "BOOL"],
];

/** Where checkpoints keep the state_dict, next to the epoch, the optimizer state and so on. */
const CHECKPOINT_ENTRIES = ["state_dict", "model_state_dict", "model"];

/** Prefixes that DataParallel and torch.compile add to every name. */
const WRAPPER_PREFIXES = ["module.", "_orig_mod."];

class StorageType {
  readonly element: ElementType;

  constructor(element: ElementType) {
    this.element = element;
  }
}

/** A block of raw elements that a pickle refers to. */
export class Storage {
  readonly key: string;
  readonly element: ElementType;
  readonly count: number;

  constructor(key: string, element: ElementType, count: number) {
    this.key = key;
    this.element = element;
    this.count = count;
  }

  get byteLength(): number {
    return this.count * elementSize(this.element);
  }
}

/** A tensor as the pickle describes it. Offset and strides count elements of the storage. */
class View {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** What an id of a storage holds, in archives and in older files, where the last one is null. */
const STORAGE_VALUES = { archive: 5, older: 6 } as const;

/** The vocabulary of a state_dict. Reading fills `storages` with those it refers to, by key. */
export function stateDictVocabulary(
  form: keyof typeof STORAGE_VALUES,
): Vocabulary & { readonly storages: ReadonlyMap<string, Storage> } {
  const storages = new Map<string, Storage>();
  const globals = new Map<string, unknown>([
    [ORDERED_DICT, newDictionary],
    [REBUILD_TENSOR, rebuildTensor],
    ["torch._utils._rebuild_parameter", rebuildParameter],
    ...STORAGE_TYPES.map(([name, element]) => [name, new StorageType(element)] as const),
  ]);

  function persistent(id: unknown): Storage {
    const isTuple = Array.isArray(id) && Object.isFrozen(id) && id.length === STORAGE_VALUES[form];
    const [kind, type, key, , count, view = null] = isTuple ? id : [];
    const known = kind === "storage" && type instanceof StorageType && typeof key === "string" && isCount(count);
    // Storages have not been views since PyTorch 0.4.
    if (!known || view !== null) {
      throw new FormatError("the pickle refers to something other than a storage");
    }
    const storage = storages.get(key) ?? new Storage(key, type.element, count);
    if (storage.element !== type.element || storage.count !== count) {
      throw new FormatError(`the pickle describes storage ${key} in two ways`);
    }
    storages.set(key, storage);
    return storage;
  }

  return { globals, persistent, storages };
}

function newDictionary(values: readonly unknown[]): Map<unknown, unknown> {
  if (values.length > 0) {
    throw new FormatError("the pickle creates an OrderedDict from values, as only Python 2 did");
  }
  return new Map();
}

/** What `_rebuild_tensor_v2` takes without metadata, which would say that its values are negated or conjugated. */
const TENSOR_VALUES = 6;

/** The last two values are for training: whether the tensor has a gradient, and hooks. */
function rebuildTensor(values: readonly unknown[]): View {
  const [storage, offset, shape, strides, hasGradient] = values;
  if (values.length !== TENSOR_VALUES) {
    throw new FormatError(`the pickle describes a tensor by ${values.length} values, not ${TENSOR_VALUES}`);
  }
  if (!(storage instanceof Storage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
    throw new FormatError("the pickle describes a tensor without a storage, an offset, a shape or strides");
  }
  requireGradient(hasGradient, storage);
  if (shape.length !== strides.length) {
    throw new FormatError(`the pickle describes a tensor of shape [${shape}] but strides [${strides}]`);
  }
  return new View(storage, offset, [...shape], [...strides]);
}

/** A parameter is a tensor, whether it has a gradient, and hooks. */
function rebuildParameter([view, hasGradient, ...others]: readonly unknown[]): View {
  if (!(view instanceof View) || others.length !== 1) {
    throw new FormatError("the pickle describes a parameter without a tensor");
  }
  requireGradient(hasGradient, view.storage);
  return view;
}

/** @throws FormatError for gradients of integers, which PyTorch does not have */
function requireGradient(hasGradient: unknown, { element }: Storage): void {
  if (typeof hasGradient !== "boolean" || (hasGradient && !element.includes("F"))) {
    throw new FormatError("the pickle describes a tensor with a gradient, which only floating point can have");
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= MOST_DIMENSIONS && value.every(isCount);
}

/**
 * The tensors of an unpickled state_dict, or of a checkpoint that holds one. Omits entries that are not tensors, and
 * removes the prefixes that wrappers add to every name.
 *
 * @param bytesOf the raw bytes of a storage, `byteLength` of them
 * @param budget what all tensors together may take: a few bytes can describe an enormous tensor of stride 0
 * @throws FormatError if there are no tensors, or one extends beyond its storage
 */
export function readStateDict(
  root: unknown,
  bytesOf: (storage: Storage) => Uint8Array,
  budget: TensorBudget,
): NamedTensors {
  const views = findViews(root);
  const tensors = new Map<string, Tensor>();
  for (const [name, view] of stripWrappers(views)) {
    const { storage, shape } = view;
    budget.spend(name, storage.element, shape);
    const elements = decodeElements(storage.element, gather(name, view, bytesOf(storage)));
    tensors.set(name, { shape, data: elements instanceof Float64Array ? new Float32Array(elements) : elements });
  }
  return tensors;
}

function findViews(root: unknown): [string, View][] {
  if (!(root instanceof Map)) {
    throw new FormatError("the file holds no state_dict");
  }
  const nested = CHECKPOINT_ENTRIES.map((entry) => root.get(entry)).find((value) => value instanceof Map);
  const views: [string, View][] = [];
  for (const [name, value] of nested ?? root) {
    if (typeof name === "string" && value instanceof View) {
      views.push([name, value]);
    }
  }
  if (views.length === 0 && (nested ?? root).size > 0) {
    throw new FormatError("the file holds a dictionary without tensors");
  }
  return views;
}

function stripWrappers(views: [string, View][]): [string, View][] {
  let stripped = views;
  for (;;) {
    const prefix = WRAPPER_PREFIXES.find((prefix) => stripped.every(([name]) => name.startsWith(prefix)));
    if (prefix === undefined || stripped.length === 0) {
      return stripped;
    }
    stripped = stripped.map(([name, view]) => [name.slice(prefix.length), view]);
  }
}

/** A view's elements in row-major order, as raw bytes. */
function gather(name: string, { storage, offset, shape, strides }: View, bytes: Uint8Array): Uint8Array {
  const count = elementCount(shape);
  if (count === 0) {
    return new Uint8Array(0);
  }
  const last = shape.reduce((place, extent, axis) => place + (extent - 1) * strides[axis], offset);
  if (last >= storage.count) {
    throw new FormatError(`tensor "${name}" reaches element ${last} of a storage of ${storage.count}`);
  }
  const size = elementSize(storage.element);
  if (isRowMajor(shape, strides)) {
    return bytes.subarray(offset * size, (offset + count) * size);
  }

  const gathered = new Uint8Array(count * size);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < gathered.length; to += size) {
    for (let byte = 0; byte < size; byte++) {
      gathered[to + byte] = bytes[from * size + byte];
    }
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) {
        break;
      }
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return gathered;
}

/** The strides of a contiguous tensor. */
function rowMajorStrides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  const expected = rowMajorStrides(shape);
  return shape.every((extent, axis) => extent === 1 || strides[axis] === expected[axis]);
}

/** A state_dict ready to be pickled, and the bytes of its storages; the n-th tensor's storage has the key n. */
export interface WrittenStateDict {
  readonly pickled: Expression;
  readonly storages: readonly Uint8Array[];
}

/**
 * Describes tensors as PyTorch pickles them.
 *
 * @throws FormatError if a shape does not fit its data, or the elements are unsigned integers of 16 bits or more, for
 *   which `torch.load` has no storage
 */
export function writeStateDict(tensors: NamedTensors): WrittenStateDict {
  const items: [string, Expression][] = [];
  const storages: Uint8Array[] = [];
  for (const [name, tensor] of tensors) {
    const { type, bytes } = encodeElements(name, tensor);
    const storageType = STORAGE_TYPES.find(([, element]) => element === type)?.[0];
    if (storageType === undefined) {
      throw new FormatError(`tensor "${name}": PyTorch has no storage for elements of type ${type}`);
    }
    const key = String(storages.length);
    const storage = { persistent: ["storage", { global: storageType }, key, "cpu", tensor.data.length] };
    const hooks = { call: ORDERED_DICT, values: [] };
    const values = [storage, 0, tensor.shape, rowMajorStrides(tensor.shape), false, hooks];
    items.push([name, { call: REBUILD_TENSOR, values }]);
    storages.push(bytes);
  }
  return { pickled: { call: ORDERED_DICT, values: [], items }, storages };
}
