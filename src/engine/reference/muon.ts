import type { Muon, Update } from "../backend.js";
import { type MuonMatrix, NEWTON_SCHULZ } from "../muon.js";
import type { Learned } from "./optimizer.js";

/** One step of Muon on one matrix, in place; its momentum is in the first moment. */
export function updateMatrix(
  { momentum, weightDecay, learningRateFactor }: Muon,
  { learningRate }: Update,
  { rows, columns, scale }: MuonMatrix,
  { weight, gradient, first }: Learned,
): void {
  const ahead = first.map((_, place) => {
    first[place] = momentum * first[place] + (1 - momentum) * gradient[place];
    // Nesterov looks one step ahead along the momentum.
    return momentum * first[place] + (1 - momentum) * gradient[place];
  });
  const orthogonal = orthogonalized(ahead, rows, columns);
  const rate = learningRate * learningRateFactor;
  for (let place = 0; place < weight.length; place++) {
    weight[place] *= 1 - rate * weightDecay;
    weight[place] -= rate * scale * orthogonal[place];
  }
}

/** The matrix with all singular values about 1, by Newton–Schulz iterations on its wider side. */
export function orthogonalized(matrix: Float64Array, rows: number, columns: number): Float64Array {
  if (rows > columns) {
    return transposed(orthogonalized(transposed(matrix, rows, columns), columns, rows), columns, rows);
  }
  const { iterations, a, b, c, leastNorm } = NEWTON_SCHULZ;
  const norm = Math.max(Math.sqrt(matrix.reduce((sum, value) => sum + value * value, 0)), leastNorm);
  let x = matrix.map((value) => value / norm);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gram = product(x, transposed(x, rows, columns), rows, columns, rows);
    const square = product(gram, gram, rows, rows, rows);
    const polynomial = gram.map((value, place) => b * value + c * square[place]);
    const change = product(polynomial, x, rows, rows, columns);
    x = x.map((value, place) => a * value + change[place]);
  }
  return x;
}

function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  return matrix.map((_, place) => matrix[(place % rows) * columns + Math.floor(place / rows)]);
}

/** [rows, inner] times [inner, columns]. */
function product(left: Float64Array, right: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let step = 0; step < inner; step++) {
      const factor = left[row * inner + step];
      for (let column = 0; column < columns; column++) {
        result[row * columns + column] += factor * right[step * columns + column];
      }
    }
  }
  return result;
}
