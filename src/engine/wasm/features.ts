import { f32x4, i32x4, ModuleBuilder } from "./assembler/index.js";

/** Whether WebAssembly here has fused multiply-add (relaxed SIMD). */
export function supportsFusedArithmetic(): boolean {
  const builder = new ModuleBuilder();
  builder.function("probe", {}, (code) => {
    const zero = i32x4.const([0, 0, 0, 0]);
    code.drop(f32x4.relaxedMultiplyAdd(zero, zero, zero));
  });
  return WebAssembly.validate(builder.encode({ pages: 0, shared: false }));
}
