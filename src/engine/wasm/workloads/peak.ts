import { f32x4, i32, ModuleBuilder } from "../assembler/index.js";
import { multiplyAdd, StaticData, VECTOR_BYTES, VECTOR_LANES } from "../kernels/index.js";

/** As many as the kernels keep in registers; enough to hide the latency of a multiply-add. */
const ACCUMULATORS = 12;
/** Multiply-adds of every accumulator in the loop's body. */
const UNROLLED = 4;
const TURNS = 50_000;

/** A loop of multiply-adds on registers only: the best that a core can do. */
export interface PeakLoop {
  /** Sets every accumulator's lanes to lane · scale + addend again and again, from 0; returns all lanes. */
  run(turns: number, scale: number, addend: number): Float32Array;
  /** How often a turn does so. */
  readonly updatesATurn: number;
}

/** Emits the loop. Each multiplication reads the accumulator, so that none can be hoisted or shared. */
export function compilePeakLoop(fused: boolean): PeakLoop {
  const module = new ModuleBuilder();
  const context = { module, data: new StaticData(0), fused };
  module.function(
    "peak",
    { turns: "i32", scale: "f32", addend: "f32" },
    (code, { turns, scale, addend }) => {
      const factor = code.local("v128", f32x4.splat(scale));
      const term = code.local("v128", f32x4.splat(addend));
      const accumulators = Array.from({ length: ACCUMULATORS }, () => code.local("v128"));
      code.while(turns, () => {
        for (let time = 0; time < UNROLLED; time++) {
          for (const accumulator of accumulators) {
            code.set(accumulator, multiplyAdd(context, accumulator, factor, term));
          }
        }
        code.set(turns, i32.sub(turns, 1));
      });
      accumulators.forEach((accumulator, index) => {
        code.store(0, accumulator, index * VECTOR_BYTES);
      });
    },
    { exported: true },
  );
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const compiled = new WebAssembly.Module(module.encode({ pages: 1, shared: false }));
  const { exports } = new WebAssembly.Instance(compiled, { environment: { memory } });
  const peak = exports.peak as (turns: number, scale: number, addend: number) => void;
  return {
    run: (turns, scale, addend) => {
      peak(turns, scale, addend);
      return new Float32Array(memory.buffer.slice(0, ACCUMULATORS * VECTOR_BYTES));
    },
    updatesATurn: UNROLLED,
  };
}

/** The loop for a fixed number of turns, and its multiply-adds. */
export function peakWorkload(fused: boolean): { run(): void; readonly multiplyAdds: number } {
  const loop = compilePeakLoop(fused);
  return {
    // The lanes converge to 2: no denormals, which are a hundred times slower, and nothing infinite.
    run: () => loop.run(TURNS, 0.5, 1),
    multiplyAdds: TURNS * UNROLLED * ACCUMULATORS * VECTOR_LANES,
  };
}
