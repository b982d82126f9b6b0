import { setFlagsFromString } from "node:v8";
import { supportsFusedArithmetic } from "../engine/wasm/features.js";

/**
 * Makes fused multiply-add available where V8 has it behind a flag (Node 20). To be called before an engine is compiled;
 * changes nothing where it is available anyway.
 */
export function enableFusedArithmetic(): void {
  if (!supportsFusedArithmetic()) setFlagsFromString("--experimental-wasm-relaxed-simd");
}
