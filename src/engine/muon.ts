import { elementCount, type ShapedLayer } from "../model/index.js";
import type { Muon } from "./backend.js";

/**
 * The iteration that makes all singular values of a matrix about 1: X ← a·X + (b·G + c·G²)·X with G = X·Xᵀ, from the
 * matrix over its norm.
 */
export const NEWTON_SCHULZ = { iterations: 5, a: 3.4445, b: -4.775, c: 2.0315, leastNorm: 1e-7 } as const;

/** A weight that Muon updates. */
export interface MuonMatrix {
  /** The parameter's name. */
  readonly parameter: string;
  readonly rows: number;
  readonly columns: number;
  /** Multiplies the orthogonalised matrix: its elements are then about as large as AdamW's updates. */
  readonly scale: number;
}

/** The weights that Muon updates; a partial convolution is no matrix. @throws RangeError if a layer that is named has none */
export function muonMatrices(layers: readonly ShapedLayer[], { layers: names }: Muon): MuonMatrix[] {
  const matrices = layers.flatMap(({ parameters }) =>
    parameters.filter(({ shape, connections }) => shape.length > 1 && !connections),
  );
  const layerOf = (parameter: string) => parameter.slice(0, parameter.lastIndexOf("."));
  const unknown = names?.find((name) => matrices.every((matrix) => layerOf(matrix.name) !== name));
  if (unknown !== undefined) {
    const known = matrices.map(({ name }) => layerOf(name)).join(", ");
    throw new RangeError(`Muon cannot update a layer "${unknown}"; there are ${known}`);
  }
  const taken = names ? matrices.filter(({ name }) => names.includes(layerOf(name))) : matrices.slice(1, -1);
  return taken.map(({ name, shape: [rows, ...inputs] }) => {
    const columns = elementCount(inputs);
    return { parameter: name, rows, columns, scale: 0.2 * Math.sqrt(Math.max(rows, columns)) };
  });
}
