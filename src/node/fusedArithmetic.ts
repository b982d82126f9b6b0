import { setFlagsFromString } from "node:v8";
import { supportsFusedArithmetic } from "../engine/wasm/features.js";

/**
 * Enables fused multiply-add if V8 has it behind a flag (Node 20). Call it before compiling an engine. Does nothing if
 * it is available without a flag.
 */
export function enableFusedArithmetic(): void {
  if (!supportsFusedArithmetic()) setFlagsFromString("--experimental-wasm-relaxed-simd");
}
