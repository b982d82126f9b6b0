/** Mean and standard deviation of several values. */
export interface Spread {
  readonly mean: number;
  /** The sample standard deviation (n − 1); undefined for one value. */
  readonly std?: number;
}

/** Mean and sample standard deviation; undefined without values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const mean = sum(values) / count;
  if (count === 1) return { mean };
  return { mean, std: Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / (count - 1)) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
