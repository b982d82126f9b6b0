import { type MuonMatrix, NEWTON_SCHULZ } from "../muon.js";
import {
  type FunctionBuilder,
  type FunctionHandle,
  f32,
  i32,
  type Local,
  type ModuleBuilder,
} from "./assembler/index.js";
import {
  BLOCK_FLOATS,
  FLOAT_BYTES,
  type MuonKernels,
  roundUp,
  type Synchronization,
  VECTOR_BYTES,
} from "./kernels/index.js";
import type { MemoryPlan, PlacedMatrix, ProgramMemory } from "./memory.js";
import type { ParameterLayout } from "./parameterStore.js";

/** Places a matrix that Muon updates, and the memory in which it is orthogonalised. */
export function placeMatrix(plan: MemoryPlan, matrix: MuonMatrix, { parameters }: ParameterLayout): PlacedMatrix {
  const { rows, columns } = matrix;
  const stored = parameters.get(matrix.parameter)!;
  const isTall = rows > columns;
  const [height, width] = isTall ? [columns, rows] : [rows, columns];
  // A convolution's weight is stored without padding between its rows.
  const parameterRow = (stored.rows === rows ? stored.paddedRowFloats : columns) * FLOAT_BYTES;
  const [widthBytes, heightBytes] = [width, height].map((floats) => roundUp(floats, BLOCK_FLOATS) * FLOAT_BYTES);
  return {
    ...matrix,
    stored,
    height,
    width,
    rowStep: isTall ? FLOAT_BYTES : parameterRow,
    columnStep: isTall ? parameterRow : FLOAT_BYTES,
    current: [plan.allocate(height * widthBytes), plan.allocate(height * widthBytes)],
    transposed: plan.allocate(width * heightBytes),
    gram: plan.allocate(height * heightBytes),
    polynomial: plan.allocate(height * heightBytes),
    widthBytes,
    heightBytes,
  };
}

/**
 * Emits (thread): a thread's part of the update of Muon's matrices, after their momentum has moved and is where their
 * gradients were. Every thread computes some rows of each product, and they meet before the next one.
 */
export function emitMuonStep(
  module: ModuleBuilder,
  kernels: MuonKernels,
  { barrier }: Pick<Synchronization, "barrier">,
  { muon, addresses }: Pick<ProgramMemory, "muon" | "addresses">,
): FunctionHandle {
  return module.function("muonStep", { thread: "i32" }, (code, { thread }) => {
    const threads = code.local("i32", i32.load(addresses.meeting.threads));
    const own = (count: number) =>
      [thread, i32.add(thread, 1)].map((index) =>
        code.local("i32", i32.divUnsigned(i32.mul(index, count), threads)),
      ) as [Local<"i32">, Local<"i32">];
    const parts = muon.map((matrix) => {
      return { ...matrix, ownRows: own(matrix.height), ownVectors: own(matrix.stored.bytes / VECTOR_BYTES) };
    });
    /** A phase that all threads have to finish before the next. */
    const phase = (body: (part: (typeof parts)[number]) => void) => {
      code.call(barrier);
      for (const part of parts) body(part);
    };
    phase((part) => emitLoad(code, kernels, part, part.ownRows, addresses.gradients));
    for (let iteration = 0; iteration < NEWTON_SCHULZ.iterations; iteration++) {
      emitIteration(code, kernels, iteration, phase);
    }
    const last = NEWTON_SCHULZ.iterations % 2;
    for (const { current, widthBytes, stored, ownRows, width, rowStep, columnStep } of parts) {
      const target = addresses.gradients + stored.offset;
      code.call(kernels.store, current[last], widthBytes, target, ...ownRows, width, rowStep, columnStep);
    }
    phase(({ stored, scale, ownVectors: [first, end] }) => {
      const at = (arena: number) => i32.add(i32.mul(first, VECTOR_BYTES), arena + stored.offset);
      const { weights, gradients, averages, hyperparameters } = addresses;
      const average = averages === undefined ? 0 : at(averages);
      const vectors = i32.sub(end, first);
      code.call(kernels.update, at(weights), at(gradients), average, hyperparameters, f32.const(scale), vectors);
    });
  });
}

/** A thread's part of a matrix. */
interface Part extends PlacedMatrix {
  readonly ownRows: readonly [Local<"i32">, Local<"i32">];
}

function emitLoad(
  code: FunctionBuilder,
  { load }: MuonKernels,
  { stored, current, widthBytes, transposed, heightBytes, width, rowStep, columnStep }: PlacedMatrix,
  ownRows: Part["ownRows"],
  gradients: number,
): void {
  const [source, vectors] = [gradients + stored.offset, stored.bytes / VECTOR_BYTES];
  const matrices = [current[0], widthBytes, transposed, heightBytes];
  code.call(load, source, vectors, ...matrices, ...ownRows, width, rowStep, columnStep);
}

function emitIteration(
  code: FunctionBuilder,
  { multiply, store }: MuonKernels,
  iteration: number,
  phase: (body: (part: Part) => void) => void,
): void {
  const { a, b, c } = NEWTON_SCHULZ;
  const [from, to] = [iteration % 2, 1 - (iteration % 2)];
  const factors = (factor: number, addendFactor: number) => [f32.const(factor), f32.const(addendFactor)];
  phase(({ current, widthBytes, transposed, gram, heightBytes, ownRows, width }) => {
    const operands = [current[from], widthBytes, transposed, transposed, gram, heightBytes];
    code.call(multiply, ...operands, ...ownRows, width, ...factors(1, 0));
  });
  phase(({ gram, polynomial, heightBytes, ownRows, height }) => {
    const operands = [gram, heightBytes, gram, gram, polynomial, heightBytes];
    code.call(multiply, ...operands, ...ownRows, height, ...factors(c, b));
  });
  phase(({ current, polynomial, heightBytes, transposed, widthBytes, ownRows, height, width }) => {
    const operands = [polynomial, heightBytes, current[from], current[from], current[to], widthBytes];
    code.call(multiply, ...operands, ...ownRows, height, ...factors(1, a));
    // Transposed: the elements of a row lie one below the other.
    code.call(store, current[to], widthBytes, transposed, ...ownRows, width, FLOAT_BYTES, heightBytes);
  });
}
