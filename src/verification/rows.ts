import type { NamedTensors, Tensor } from "../model/tensor.js";

/**
 * How far a tensor is from its reference: the largest absolute difference, the same relative to the reference's largest
 * absolute value, or the number of elements that are not equal.
 */
export type Measure = "absolute" | "relative" | "unequal";

/** What a tensor is allowed to be off by. */
export interface Tolerance {
  readonly measure: Measure;
  readonly limit: number;
}

/** What float32 in another order of summation meets, and equality where nothing is summed. */
export const TOLERANCES = {
  activation: { measure: "absolute", limit: 1e-5 },
  loss: { measure: "absolute", limit: 1e-5 },
  gradient: { measure: "relative", limit: 1e-4 },
  trainedParameter: { measure: "absolute", limit: 2e-5 },
  /** float64, rounded a few times */
  schedule: { measure: "relative", limit: 1e-14 },
  exact: { measure: "unequal", limit: 0 },
} as const satisfies Record<string, Tolerance>;

/** One tensor held against its reference. */
export interface VerificationRow {
  readonly file: string;
  readonly tensor: string;
  readonly error: number;
  readonly tolerance: number;
  readonly measure: Measure;
  readonly passed: boolean;
}

/** A reference that cannot be verified, though its file can be read; the message is one line. */
export class VerificationError extends Error {
  override readonly name = "VerificationError";
}

/** Compares a file's tensors, several times where several engines give them: a row keeps the largest error. */
export class RowCollector {
  private readonly file: string;
  private readonly errors = new Map<string, { readonly error: number; readonly tolerance: Tolerance }>();

  constructor(file: string) {
    this.file = file;
  }

  /** Compares those of the actual tensors that have a reference. */
  compareAll(expected: NamedTensors, actual: NamedTensors, toleranceOf: (tensor: string) => Tolerance): void {
    for (const [name, tensor] of actual) {
      const reference = expected.get(name);
      if (reference) this.compare(name, reference, tensor, toleranceOf(name));
    }
  }

  /** @throws VerificationError where the shapes differ */
  compare(name: string, expected: Tensor, actual: Tensor, tolerance: Tolerance): void {
    if (expected.shape.join() !== actual.shape.join()) {
      throw new VerificationError(
        `${name}: [${expected.shape.join(", ")}] cannot be held against [${actual.shape.join(", ")}]`,
      );
    }
    const error = measureError(numbersOf(name, expected), numbersOf(name, actual), tolerance.measure);
    this.errors.set(name, { error: Math.max(error, this.errors.get(name)?.error ?? 0), tolerance });
  }

  /**
   * The rows in the order in which their tensors were first compared.
   *
   * @param expected names that all must have been compared
   * @throws VerificationError where one was not, or there is none
   */
  rows(expected: Iterable<string>): VerificationRow[] {
    for (const name of expected) {
      if (!this.errors.has(name)) throw new VerificationError(`there is nothing to hold its tensor ${name} against`);
    }
    if (this.errors.size === 0) throw new VerificationError("it holds nothing to verify");
    return [...this.errors].map(([tensor, { error, tolerance }]) => {
      const { measure, limit } = tolerance;
      return { file: this.file, tensor, error, tolerance: limit, measure, passed: error <= limit };
    });
  }
}

/** @throws VerificationError where a tensor that a check needs is missing */
export function requireTensor(tensors: NamedTensors, name: string): Tensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new VerificationError(`it has no tensor ${name}`);
  return tensor;
}

/** The values of a tensor of any type but the 64-bit integers, of which no reference has any. */
export function numbersOf(name: string, { data }: Tensor): Exclude<Tensor["data"], BigInt64Array | BigUint64Array> {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    throw new VerificationError(`${name} is of 64-bit integers`);
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
