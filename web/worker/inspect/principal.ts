import { Purpose, RandomStream } from "../../../src/numeric/philox.js";

/** The directions in which rows of numbers vary most. */
export interface Principal {
  readonly mean: Float32Array;
  /** Orthonormal, the strongest first, [count][size]. */
  readonly components: Float32Array;
}

/** Enough for the subspace to settle: what is still mixed afterwards varies almost equally. */
const ITERATIONS = 10;

/**
 * Principal component analysis by orthogonal iteration: multiplies vectors with the covariance and makes them orthonormal
 * again, which turns them towards the directions of most variance.
 *
 * @param rows [rows][size]
 * @param count of components, at most `size`
 */
export function principalComponents(rows: Float32Array, size: number, count: number): Principal {
  const total = rows.length / size;
  const mean = new Float32Array(size);
  for (let place = 0; place < rows.length; place++) mean[place % size] += rows[place] / total;
  const centred = rows.map((value, place) => value - mean[place % size]);
  const stream = new RandomStream(0, Purpose.noise, 0, 0);
  let components = Float32Array.from({ length: count * size }, () => stream.uniform() - 0.5);
  orthonormalize(components, size);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const next = new Float32Array(count * size);
    for (let component = 0; component < count; component++) {
      const from = components.subarray(component * size, (component + 1) * size);
      const to = next.subarray(component * size, (component + 1) * size);
      for (let first = 0; first < centred.length; first += size) {
        const share = dot(centred, first, from);
        for (let place = 0; place < size; place++) to[place] += share * centred[first + place];
      }
    }
    components = next;
    orthonormalize(components, size);
  }
  return { mean, components };
}

/** The coordinates of a row along the components. */
export function project({ mean, components }: Principal, row: ArrayLike<number>): Float32Array {
  const size = mean.length;
  const centred = Float32Array.from(row, (value, place) => value - mean[place]);
  return Float32Array.from({ length: components.length / size }, (_, component) =>
    dot(components, component * size, centred),
  );
}

/** The squared length of what the components do not capture of a row. */
export function residual(principal: Principal, row: ArrayLike<number>): number {
  let left = 0;
  for (let place = 0; place < row.length; place++) left += (row[place] - principal.mean[place]) ** 2;
  return project(principal, row).reduce((sum, coordinate) => sum - coordinate ** 2, left);
}

function dot(values: Float32Array, first: number, other: Float32Array): number {
  let sum = 0;
  for (let place = 0; place < other.length; place++) sum += values[first + place] * other[place];
  return sum;
}

/** Gram and Schmidt's method; a vector without a direction of its own becomes zero. */
function orthonormalize(vectors: Float32Array, size: number): void {
  for (let first = 0; first < vectors.length; first += size) {
    const vector = vectors.subarray(first, first + size);
    for (let other = 0; other < first; other += size) {
      const share = dot(vectors, other, vector);
      for (let place = 0; place < size; place++) vector[place] -= share * vectors[other + place];
    }
    const length = Math.sqrt(dot(vectors, first, vector));
    for (let place = 0; place < size; place++) vector[place] = length > 1e-12 ? vector[place] / length : 0;
  }
}
