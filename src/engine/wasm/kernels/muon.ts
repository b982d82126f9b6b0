import { HYPERPARAMETERS } from "../../hyperparameters.js";
import { NEWTON_SCHULZ } from "../../muon.js";
import { type FunctionHandle, f32, f32x4, type Integer, i32, type Local, v128 } from "../assembler/index.js";
import { horizontalSum, type KernelContext, multiplyAdd, negativeMultiplyAdd, ZERO } from "./context.js";
import { FLOAT_BYTES, VECTOR_BYTES } from "./layout.js";
import { FLUSH, moveAverage } from "./optimizer.js";
import { OuterProduct, ROWS } from "./outerProduct.js";

/** Columns of a block: rows of the matrices are padded with zeros to whole blocks. */
export const BLOCK_FLOATS = 8;
const BLOCK_VECTORS = 2;

/** The kernels of Muon. Threads share a matrix by its rows, or by vectors of its parameter: the bits stay the same. */
export interface MuonKernels {
  /** (gradient, momentum, hyperparameters, vectors): moves the momentum, and replaces the gradient by it, looking ahead */
  readonly momentum: FunctionHandle;
  /**
   * (source, vectors, x, xRowBytes, transposed, transposedRowBytes, first, end, columns, rowStep, columnStep): rows of a
   * matrix of which all vectors are given, over its norm; element (r, c) is at r · rowStep + c · columnStep
   */
  readonly load: FunctionHandle;
  /**
   * (left, leftRowBytes, right, addend, target, rowBytes, first, end, inner, factor, addendFactor):
   * target[r] = addendFactor · addend[r] + factor · Σ left[r][k] · right[k], for k before inner
   */
  readonly multiply: FunctionHandle;
  /**
   * (x, xRowBytes, target, first, end, columns, rowStep, columnStep): copies rows of a matrix; element (r, c) goes to
   * r · rowStep + c · columnStep
   */
  readonly store: FunctionHandle;
  /** (weight, direction, average, hyperparameters, scale, vectors) */
  readonly update: FunctionHandle;
}

/** @param averaging whether a step also updates the average of the weights; without it, its address is unused */
export function emitMuon(context: KernelContext, averaging: boolean): MuonKernels {
  const { module, data } = context;
  const word = (name: keyof typeof HYPERPARAMETERS, hyperparameters: Integer) =>
    v128.load32Splat(hyperparameters, HYPERPARAMETERS[name] * FLOAT_BYTES);

  const momentum = module.function(
    "muon.momentum",
    { gradient: "i32", momentum: "i32", hyperparameters: "i32", vectors: "i32" },
    (code, { gradient, momentum: buffer, hyperparameters, vectors }) => {
      const kept = code.local("v128", word("muonMomentum", hyperparameters));
      const added = code.local("v128", word("oneMinusMuonMomentum", hyperparameters));
      const flush = code.local("v128", data.splat(FLUSH));
      const share = code.local("v128");
      const moved = code.local("v128");
      code.while(vectors, () => {
        code.set(share, f32x4.mul(added, v128.load(gradient)));
        code.set(moved, multiplyAdd(context, kept, v128.load(buffer), f32x4.add(share, flush)));
        code.set(moved, f32x4.sub(moved, flush));
        code.store(buffer, moved);
        code.store(gradient, multiplyAdd(context, kept, moved, share));
        code.increase(gradient, VECTOR_BYTES);
        code.increase(buffer, VECTOR_BYTES);
        code.increase(vectors, -1);
      });
    },
    { exported: true },
  );

  const load = module.function(
    "muon.load",
    {
      source: "i32",
      vectors: "i32",
      x: "i32",
      xRowBytes: "i32",
      transposed: "i32",
      transposedRowBytes: "i32",
      first: "i32",
      end: "i32",
      columns: "i32",
      rowStep: "i32",
      columnStep: "i32",
    },
    (
      code,
      { source, vectors, x, xRowBytes, transposed, transposedRowBytes, first, end, columns, rowStep, columnStep },
    ) => {
      const sum = code.local("v128", ZERO);
      const at = code.local("i32", source);
      // Every thread computes the whole norm, which takes less time than to meet.
      code.while(vectors, () => {
        code.set(sum, multiplyAdd(context, v128.load(at), v128.load(at), sum));
        code.increase(at, VECTOR_BYTES);
        code.increase(vectors, -1);
      });
      const norm = f32x4.sqrt(f32x4.splat(horizontalSum(code, sum)));
      code.set(sum, f32x4.div(data.splat(1), f32x4.pmax(data.splat(NEWTON_SCHULZ.leastNorm), norm)));
      const inverse = code.local("f32", f32x4.extractLane(sum, 0));
      const value = code.local("f32");
      const row = code.local("i32");
      const column = code.local("i32");
      code.forRange(first, end, (index) => {
        code.set(at, i32.add(source, i32.mul(index, rowStep)));
        code.set(row, i32.add(x, i32.mul(index, xRowBytes)));
        code.set(column, i32.add(transposed, i32.mul(index, FLOAT_BYTES)));
        code.forRange(0, columns, () => {
          code.set(value, f32.mul(f32.load(at), inverse));
          code.store(row, value);
          code.store(column, value);
          code.increase(at, columnStep);
          code.increase(row, FLOAT_BYTES);
          code.increase(column, transposedRowBytes);
        });
      });
    },
    { exported: true },
  );

  const store = module.function(
    "muon.store",
    {
      x: "i32",
      xRowBytes: "i32",
      target: "i32",
      first: "i32",
      end: "i32",
      columns: "i32",
      rowStep: "i32",
      columnStep: "i32",
    },
    (code, { x, xRowBytes, target, first, end, columns, rowStep, columnStep }) => {
      const row = code.local("i32");
      const at = code.local("i32");
      code.forRange(first, end, (index) => {
        code.set(row, i32.add(x, i32.mul(index, xRowBytes)));
        code.set(at, i32.add(target, i32.mul(index, rowStep)));
        code.forRange(0, columns, () => {
          code.store(at, f32.load(row));
          code.increase(row, FLOAT_BYTES);
          code.increase(at, columnStep);
        });
      });
    },
    { exported: true },
  );

  const update = module.function(
    "muon.update",
    { weight: "i32", direction: "i32", average: "i32", hyperparameters: "i32", scale: "f32", vectors: "i32" },
    (code, { weight, direction, average, hyperparameters, scale, vectors }) => {
      const decay = code.local("v128", word("muonDecay", hyperparameters));
      const averageShare = code.local("v128", word("averageShare", hyperparameters));
      const step = code.local("v128", f32x4.mul(word("muonStepSize", hyperparameters), f32x4.splat(scale)));
      const updated = code.local("v128");
      code.while(vectors, () => {
        code.set(updated, f32x4.mul(decay, v128.load(weight)));
        code.set(updated, negativeMultiplyAdd(context, step, v128.load(direction), updated));
        code.store(weight, updated);
        if (averaging) {
          moveAverage(code, { averageShare }, average, updated);
          code.increase(average, VECTOR_BYTES);
        }
        code.increase(weight, VECTOR_BYTES);
        code.increase(direction, VECTOR_BYTES);
        code.increase(vectors, -1);
      });
    },
    { exported: true },
  );

  return { momentum, load, multiply: emitMultiply(context), store, update };
}

function emitMultiply(context: KernelContext): FunctionHandle {
  const parameters = {
    left: "i32",
    leftRowBytes: "i32",
    right: "i32",
    addend: "i32",
    target: "i32",
    rowBytes: "i32",
    first: "i32",
    end: "i32",
    inner: "i32",
    factor: "f32",
    addendFactor: "f32",
  } as const;
  return context.module.function(
    "muon.multiply",
    parameters,
    (code, { left, leftRowBytes, right, addend, target, rowBytes, first, end, inner, factor, addendFactor }) => {
      const factors = code.local("v128", f32x4.splat(factor));
      const addendFactors = code.local("v128", f32x4.splat(addendFactor));
      const offset = code.local("i32");
      const at = code.local("i32");
      const step = code.local("i32");
      const leftEnd = code.local("i32");
      const row = code.local("i32", first);
      /** Some rows, from `row` on; each output is summed in the same order whatever their number. */
      const block = (rows: number) => {
        const sums = new OuterProduct(context, code, rows, BLOCK_VECTORS);
        const leftRows: Local<"i32">[] = Array.from({ length: rows }, () => code.local("i32"));
        code.set(offset, i32.const(0));
        code.while(i32.ltSigned(offset, rowBytes), () => {
          leftRows.forEach((pointer, index) => {
            code.set(pointer, i32.add(left, i32.mul(i32.add(row, index), leftRowBytes)));
          });
          code.set(leftEnd, i32.add(leftRows[0], i32.mul(inner, FLOAT_BYTES)));
          code.set(at, i32.add(right, offset));
          sums.start(() => ZERO);
          code.while(i32.ltUnsigned(leftRows[0], leftEnd), () => {
            sums.accumulate(
              at,
              1,
              (_, vector) => v128.load(at, vector * VECTOR_BYTES),
              (_, index) => v128.load32Splat(leftRows[index]),
            );
            for (const pointer of leftRows) code.increase(pointer, FLOAT_BYTES);
            code.increase(at, rowBytes);
          });
          sums.accumulators.forEach((vectors, index) => {
            code.set(step, i32.add(offset, i32.mul(i32.add(row, index), rowBytes)));
            vectors.forEach((sum, vector) => {
              const added = f32x4.mul(addendFactors, v128.load(i32.add(addend, step), vector * VECTOR_BYTES));
              const result = multiplyAdd(context, factors, sum, added);
              code.store(i32.add(target, step), result, vector * VECTOR_BYTES);
            });
          });
          code.increase(offset, BLOCK_VECTORS * VECTOR_BYTES);
        });
        code.increase(row, rows);
      };
      code.while(i32.geSigned(i32.sub(end, row), ROWS), () => block(ROWS));
      code.while(i32.ltSigned(row, end), () => block(1));
    },
    { exported: true },
  );
}
