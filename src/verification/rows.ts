import type { NamedTensors, Tensor } from "../model/parameters.js";

/**
 * How to measure a tensor's error: the largest absolute difference, the same relative to the reference's largest
 * absolute value, or the number of unequal elements.
 */
export type Measure = "absolute" | "relative" | "unequal";

/** The largest allowed error of a tensor. */
export interface Tolerance {
  readonly measure: Measure;
  readonly limit: number;
}

/** Tolerances for float32 sums in a different order, and exact equality if nothing is summed. */
export const TOLERANCES = {
  activation: { measure: "absolute", limit: 1e-5 },
  loss: { measure: "absolute", limit: 1e-5 },
  gradient: { measure: "relative", limit: 1e-4 },
  trainedParameter: { measure: "absolute", limit: 2e-5 },
  /** Of parameters that differ as much as they may. */
  trainedLogits: { measure: "absolute", limit: 1e-4 },
  /** float64, rounded a few times */
  schedule: { measure: "relative", limit: 1e-14 },
  exact: { measure: "unequal", limit: 0 },
} as const satisfies Record<string, Tolerance>;

/** The comparison of one tensor with its reference. */
export interface VerificationRow {
  readonly file: string;
  readonly tensor: string;
  readonly error: number;
  readonly tolerance: number;
  readonly measure: Measure;
  readonly passed: boolean;
}

/** A file can be read, but its values cannot be verified; the message is one line. */
export class VerificationError extends Error {
  override readonly name = "VerificationError";
}

/** Compares a file's tensors. If several engines compute a tensor, its row keeps the largest error. */
export class RowCollector {
  private readonly file: string;
  private readonly errors = new Map<string, { readonly error: number; readonly tolerance: Tolerance }>();

  constructor(file: string) {
    this.file = file;
  }

  /** Compares the actual tensors that have a reference. */
  compareAll(expected: NamedTensors, actual: NamedTensors, toleranceOf: (tensor: string) => Tolerance): void {
    for (const [name, tensor] of actual) {
      const reference = expected.get(name);
      if (reference) this.compare(name, reference, tensor, toleranceOf(name));
    }
  }

  /** @throws VerificationError if the shapes differ */
  compare(name: string, expected: Tensor, actual: Tensor, tolerance: Tolerance): void {
    if (expected.shape.join() !== actual.shape.join()) {
      throw new VerificationError(
        `${name}: expected shape [${actual.shape.join(", ")}], the reference has [${expected.shape.join(", ")}]`,
      );
    }
    const error = measureError(numbersOf(name, expected), numbersOf(name, actual), tolerance.measure);
    this.errors.set(name, { error: Math.max(error, this.errors.get(name)?.error ?? 0), tolerance });
  }

  /**
   * The rows, in the order in which their tensors were first compared.
   *
   * @param expected the names of all tensors that must have been compared
   * @throws VerificationError if one of them was not, or there are no rows
   */
  rows(expected: Iterable<string>): VerificationRow[] {
    for (const name of expected) {
      if (!this.errors.has(name)) throw new VerificationError(`it has an unknown tensor ${name}`);
    }
    if (this.errors.size === 0) throw new VerificationError("it contains nothing to verify");
    return [...this.errors].map(([tensor, { error, tolerance }]) => {
      const { measure, limit } = tolerance;
      return { file: this.file, tensor, error, tolerance: limit, measure, passed: error <= limit };
    });
  }
}

/** @throws VerificationError if a required tensor is missing */
export function requireTensor(tensors: NamedTensors, name: string): Tensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new VerificationError(`it has no tensor ${name}`);
  return tensor;
}

/** The values of a tensor of any type except 64-bit integers, which no reference contains. */
export function numbersOf(name: string, { data }: Tensor): Exclude<Tensor["data"], BigInt64Array | BigUint64Array> {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    throw new VerificationError(`${name} contains 64-bit integers`);
  }
  return data;
}

function measureError(expected: ArrayLike<number>, actual: ArrayLike<number>, measure: Measure): number {
  let unequal = 0;
  let difference = 0;
  let largest = 0;
  for (let index = 0; index < expected.length; index++) {
    if (expected[index] !== actual[index]) unequal++;
    difference = Math.max(difference, Math.abs(expected[index] - actual[index]));
    largest = Math.max(largest, Math.abs(expected[index]));
  }
  if (measure === "unequal") return unequal;
  return measure === "relative" && largest > 0 ? difference / largest : difference;
}
