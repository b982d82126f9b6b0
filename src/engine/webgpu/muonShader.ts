import type { ShapedLayer } from "../../model/index.js";
import { type MuonMatrix, NEWTON_SCHULZ } from "../muon.js";
import { matrixFlag, RECORD, recordWords } from "./jobs.js";
import { THREADS } from "./kernels/layerKernels.js";
import { OPTIMIZERS } from "./kernels/optimizer.js";
import type { ParameterLayout } from "./parameters.js";
import { dispatchExtents, MOST_IN_X, PLAN_CODE } from "./plan.js";

/** The sums that a workgroup computes: a square of so many. */
const TILE = 16;

/** Where Muon's matrices lie in a network's workspace: all of them, what the iterations make of them, two products of each. */
export interface MuonLayout {
  readonly matrices: readonly PlacedMatrix[];
  /** The elements of all matrices. */
  readonly elements: number;
  readonly size: number;
}

interface PlacedMatrix extends MuonMatrix {
  readonly offset: number;
  /** The smaller side, and the other. */
  readonly height: number;
  readonly width: number;
  /** [height, height] each. */
  readonly gram: number;
  readonly polynomial: number;
}

/** @param matrices the weights that Muon updates in any network of a fleet */
export function layoutMuon(matrices: readonly MuonMatrix[]): MuonLayout {
  const elements = matrices.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  let offset = 0;
  let size = 2 * elements;
  const placed = matrices.map((matrix): PlacedMatrix => {
    const { rows, columns } = matrix;
    const [height, width] = [Math.min(rows, columns), Math.max(rows, columns)];
    const own = { ...matrix, offset, height, width, gram: size, polynomial: size + height * height };
    offset += rows * columns;
    size += 2 * height * height;
    return own;
  });
  return { matrices: placed, elements, size };
}

/** A function that tells where the momentum of parameter k lies in a workspace, and its matrix' scale; or NOWHERE. */
export function muonFunction({ matrices }: MuonLayout, layers: readonly ShapedLayer[], { offsets }: ParameterLayout) {
  const branches = matrices.map(({ parameter, rows, columns, offset, scale }) => {
    const first = offsets.get(parameter)!;
    return `if (k >= ${first}u && k < ${first + rows * columns}u) {
    let isMuon = ${isUpdated("record", parameter, layers)};
    return Muon(select(NOWHERE, ${offset}u + k - ${first}u, isMuon), ${scale});
  }`;
  });
  return `
struct Muon { place: u32, scale: f32 }

fn muonAt(k: u32, record: u32) -> Muon {
  ${branches.join("\n  ")}
  return Muon(NOWHERE, 0.0);
}
`;
}

/** Whether Muon updates a parameter in a network's step. */
function isUpdated(record: string, parameter: string, layers: readonly ShapedLayer[]): string {
  const flag = `jobs[${record} + ${matrixFlag(layers, parameter)}u] == 1u`;
  return `(jobs[${record} + ${RECORD.optimizer}u] == ${OPTIMIZERS.muon}u && ${flag})`;
}

/** A dispatch between the two of the update. */
export interface MuonDispatch {
  readonly entryPoint: string;
  readonly extents: readonly [x: number, y: number];
}

/** What is dispatched so that all matrices have singular values of about 1; none if there are none. */
export function muonDispatches({ matrices }: MuonLayout): MuonDispatch[] {
  if (matrices.length === 0) return [];
  const tiles = (rows: (one: PlacedMatrix) => number, columns: (one: PlacedMatrix) => number) =>
    dispatchExtents(
      matrices.reduce((sum, one) => sum + Math.ceil(rows(one) / TILE) * Math.ceil(columns(one) / TILE), 0),
    );
  const square = tiles(
    ({ height }) => height,
    ({ height }) => height,
  );
  const whole = tiles(
    ({ height }) => height,
    ({ width }) => width,
  );
  const iterations = Array.from({ length: NEWTON_SCHULZ.iterations }, (_, iteration): MuonDispatch[] => [
    { entryPoint: `gram${iteration % 2}`, extents: square },
    { entryPoint: "polynomial", extents: square },
    { entryPoint: `next${iteration % 2}`, extents: whole },
  ]);
  return [{ entryPoint: "normalize", extents: dispatchExtents(matrices.length) }, ...iterations.flat()];
}

/** Where the last iteration leaves its matrices, counted from where the momenta were. */
export function orthogonalizedAt({ elements }: MuonLayout): number {
  return (NEWTON_SCHULZ.iterations % 2) * elements;
}

/**
 * Emits the shader of the Newton–Schulz iterations on the matrices of a workspace. A workgroup computes a tile of a
 * product, a thread one of its sums, in order. A matrix that is higher than wide is taken as its transpose.
 */
export function muonShader(layout: MuonLayout, layers: readonly ShapedLayer[]): string {
  const { matrices, elements, size } = layout;
  const { a, b, c, leastNorm } = NEWTON_SCHULZ;
  const constants = matrices.map(({ rows, columns, height, width, offset, gram, polynomial }) => {
    const steps = rows > columns ? [1, columns] : [columns, 1];
    return `Matrix(${[height, width, ...steps, offset, gram, polynomial].map((value) => `${value}u`).join(", ")})`;
  });
  const current = (which: number) =>
    `View(workspace + matrix.at + ${which * elements}u, matrix.rowStep, matrix.columnStep)`;
  const turned = (which: number) =>
    `View(workspace + matrix.at + ${which * elements}u, matrix.columnStep, matrix.rowStep)`;
  const ofSquare = (at: "gram" | "polynomial") => `View(workspace + matrix.${at}, matrix.height, 1u)`;
  const updated = matrices.map(({ parameter }) => isUpdated("record", parameter, layers));
  const header = `
  let group = id.y * ${MOST_IN_X}u + id.x;
  let record = (id.z * plan.steps + step) * ${recordWords(layers)}u;
  let workspace = (plan.network + id.z) * ${size}u;
  // Networks may differ in what Muon updates, and rest.
  var updated = array<bool, ${matrices.length}>(${updated.join(", ")});
  if (jobs[record + ${RECORD.samples}u] == 0u) { return; }`;
  const entry = (name: string, columns: "height" | "width", body: string) => `
@compute @workgroup_size(${THREADS})
fn ${name}(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) t: u32) {${header}
  var place = 0u;
  var tile = group;
  for (; place < ${matrices.length}u; place++) {
    let tiles = tilesOf(MATRICES[place].height) * tilesOf(MATRICES[place].${columns});
    if (tile < tiles) { break; }
    tile -= tiles;
  }
  if (place == ${matrices.length}u) { return; }
  if (!updated[place]) { return; }
  let matrix = MATRICES[place];
  let across = tilesOf(matrix.${columns});
  let row = tile / across * ${TILE}u + t / ${TILE}u;
  let column = tile % across * ${TILE}u + t % ${TILE}u;
  ${body}
}`;
  const store = (columns: "height" | "width", target: string, value: string) =>
    `if (row < matrix.height && column < matrix.${columns}) { matrices[placeIn(${target}, row, column)] = ${value}; }`;
  const product = (left: string, right: string, inner: string, columns: "height" | "width") =>
    `product(${left}, ${right}, vec3u(matrix.height, ${inner}, matrix.${columns}), row, column, t)`;
  const entries = [0, 1].flatMap((from) => [
    entry(
      `gram${from}`,
      "height",
      `let sum = ${product(current(from), turned(from), "matrix.width", "height")};
  ${store("height", ofSquare("gram"), "sum")}`,
    ),
    entry(
      `next${from}`,
      "width",
      `let sum = ${product(ofSquare("polynomial"), current(from), "matrix.height", "width")};
  ${store("width", current(1 - from), `${a} * matrices[placeIn(${current(from)}, row, column)] + sum`)}`,
    ),
  ]);
  return `
${PLAN_CODE}
@group(0) @binding(2) var<storage, read> jobs: array<u32>;
@group(0) @binding(3) var<storage, read_write> matrices: array<f32>;

struct Matrix { height: u32, width: u32, rowStep: u32, columnStep: u32, at: u32, gram: u32, polynomial: u32 }
const MATRICES = array<Matrix, ${matrices.length}>(${constants.join(", ")});

struct View { at: u32, rowStep: u32, columnStep: u32 }

var<workgroup> left: array<f32, ${THREADS}>;
var<workgroup> right: array<f32, ${THREADS}>;

fn tilesOf(extent: u32) -> u32 {
  return (extent + ${TILE - 1}u) / ${TILE}u;
}

fn placeIn(view: View, row: u32, column: u32) -> u32 {
  return view.at + row * view.rowStep + column * view.columnStep;
}

fn valueIn(view: View, row: u32, column: u32, rows: u32, columns: u32) -> f32 {
  let isInside = row < rows && column < columns;
  return select(0.0, matrices[select(view.at, placeIn(view, row, column), isInside)], isInside);
}

// A sum of the product of [extents.x, extents.y] and [extents.y, extents.z].
fn product(a: View, b: View, extents: vec3u, row: u32, column: u32, t: u32) -> f32 {
  let down = t / ${TILE}u;
  let across = t % ${TILE}u;
  var sum = 0.0;
  for (var first = 0u; first < extents.y; first += ${TILE}u) {
    left[t] = valueIn(a, row, first + across, extents.x, extents.y);
    right[t] = valueIn(b, first + down, column, extents.y, extents.z);
    workgroupBarrier();
    for (var one = 0u; one < ${TILE}u; one++) { sum += left[down * ${TILE}u + one] * right[one * ${TILE}u + across]; }
    workgroupBarrier();
  }
  return sum;
}

@compute @workgroup_size(${THREADS})
fn normalize(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) t: u32) {${header}
  if (group >= ${matrices.length}u) { return; }
  if (!updated[group]) { return; }
  let matrix = MATRICES[group];
  let first = workspace + matrix.at;
  let end = first + matrix.height * matrix.width;
  var own = 0.0;
  for (var place = first + t; place < end; place += ${THREADS}u) { own += matrices[place] * matrices[place]; }
  left[t] = own;
  workgroupBarrier();
  var sum = 0.0;
  for (var thread = 0u; thread < ${THREADS}u; thread++) { sum += left[thread]; }
  let norm = max(sqrt(sum), ${leastNorm});
  for (var place = first + t; place < end; place += ${THREADS}u) { matrices[place] = matrices[place] / norm; }
}
${entry(
  "polynomial",
  "height",
  `let sum = ${product(ofSquare("gram"), ofSquare("gram"), "matrix.height", "height")};
  ${store("height", ofSquare("polynomial"), `${b} * matrices[placeIn(${ofSquare("gram")}, row, column)] + ${c} * sum`)}`,
)}
${entries.join("\n")}
`;
}
