import { f32x4, i32, i32x4, ModuleBuilder, type Value } from "./assembler/index.js";

/** How multiply-add rounds: `portable` twice, everywhere; `fused` once, where the processor and the engine can. */
export type Arithmetic = "portable" | "fused";

/** 4097², which float32 cannot hold: rounded to even, it loses its last 1. */
const FACTOR = 4097;
const ROUNDED_SQUARE = FACTOR ** 2 - 1;

/** Whether multiply-add in WebAssembly rounds once here, remembered from the first time it could be computed. */
let fuses: boolean | undefined;

/**
 * Whether WebAssembly has fused multiply-add here: the instructions of relaxed SIMD, and hardware behind them. On
 * processors without it, and in JavaScriptCore, they round twice. That no engine says, so it is computed.
 */
export function supportsFusedArithmetic(): boolean {
  // Not remembered while the instructions are missing: Node 20 has them once its flag is set.
  if (fuses === undefined && hasRelaxedSimd()) fuses = computesFused();
  return fuses ?? false;
}

/** Whether the instructions of relaxed SIMD are known here, however they round. */
export function hasRelaxedSimd(): boolean {
  requireWebAssembly();
  return WebAssembly.validate(probeModule());
}

/** @throws Error if there is no WebAssembly, as with `node --jitless` */
export function requireWebAssembly(): void {
  if (typeof WebAssembly !== "undefined") return;
  throw new Error("this program needs WebAssembly, which is switched off here (node --jitless does that)");
}

/**
 * Resolves a choice of arithmetic to whether to fuse. Default: fused where it is real.
 *
 * @throws RangeError if it is none; Error if fused arithmetic is required but not real here
 */
export function isFused(arithmetic?: Arithmetic): boolean {
  if (arithmetic === undefined) return supportsFusedArithmetic();
  if (arithmetic === "portable") return false;
  if (arithmetic !== "fused") {
    throw new RangeError(`the arithmetic must be portable or fused, not ${JSON.stringify(arithmetic)}`);
  }
  if (supportsFusedArithmetic()) return true;
  throw new Error(
    "fused arithmetic is not available here: multiply-add in WebAssembly rounds twice on this processor or engine; portable arithmetic is",
  );
}

/**
 * Compiles a module.
 *
 * @throws Error if the platform forbids it
 */
export function compileModule(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  requireWebAssembly();
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    // Ours are valid. Workers of edge networks run only modules that were uploaded with them.
    if (!WebAssembly.validate(bytes)) throw cause;
    throw new Error(
      "WebAssembly cannot be compiled here: an edge platform such as Cloudflare Workers forbids it, or a content security policy without 'wasm-unsafe-eval' does",
      { cause },
    );
  }
}

function computesFused(): boolean {
  const memory = new WebAssembly.Memory({ initial: 0, maximum: 0 });
  const { exports } = new WebAssembly.Instance(compileModule(probeModule()), { environment: { memory } });
  const probe = exports.probe as (factor: number, square: number) => number;
  return probe(FACTOR, ROUNDED_SQUARE) === 1;
}

function probeModule(): Uint8Array<ArrayBuffer> {
  const builder = new ModuleBuilder();
  builder.function(
    "probe",
    { factor: "i32", square: "i32" },
    (code, { factor, square }) => code.return(roundsOnce(factor, square)),
    { exported: true, result: "i32" },
  );
  return builder.encode({ pages: 0, shared: false });
}

/** The operands of {@link roundsOnce}, as the table of a module's memory. */
export const ROUNDING_OPERANDS: readonly number[] = [FACTOR, ROUNDED_SQUARE];

/**
 * 1 if multiply-add rounds once in the thread that computes it, otherwise 0: factor² − square is 1 in exact arithmetic,
 * and 0 if the product is rounded before the subtraction. The operands must not be constants, which a compiler could
 * fold.
 */
export function roundsOnce(factor: Value<"i32">, square: Value<"i32">): Value<"i32"> {
  const float = (value: Value<"i32">) => f32x4.convertFromI32x4(i32x4.splat(value));
  const zero = i32x4.const([0, 0, 0, 0]);
  const negative = f32x4.sub(zero, float(square));
  const sum = f32x4.relaxedMultiplyAdd(float(factor), float(factor), negative);
  const difference = f32x4.relaxedNegativeMultiplyAdd(float(factor), float(factor), float(square));
  const lanes = [0, 1, 2, 3].flatMap((lane) => [
    i32.truncateUnsigned(f32x4.extractLane(sum, lane)),
    i32.truncateUnsigned(f32x4.extractLane(f32x4.sub(zero, difference), lane)),
  ]);
  return lanes.reduce((all, lane) => i32.and(all, lane));
}
