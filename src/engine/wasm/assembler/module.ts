import { concatenate, name, unsigned, vector } from "./encoding.js";
import { FunctionBuilder, type FunctionHandle, type Local, TYPE_CODES } from "./function.js";
import type { ValueType } from "./instructions.js";

/** The size of a page of WebAssembly memory, in bytes. */
export const PAGE_BYTES = 65536;

/** The memory that a module imports as `environment.memory`. */
export interface MemoryType {
  readonly pages: number;
  /** Shared between threads. */
  readonly shared: boolean;
}

/** The parameters as locals, by their names. */
type ParameterLocals<Parameters extends Record<string, ValueType>> = {
  [Name in keyof Parameters]: Local<Parameters[Name]>;
};

/** Collects functions and encodes them as a WebAssembly module. */
export class ModuleBuilder {
  private readonly functions: { handle: FunctionHandle; body: Uint8Array; exported: boolean }[] = [];

  /**
   * Adds a function and returns a handle to call it by.
   *
   * @param functionName its name, also as an export
   * @param parameters types of the parameters by name, in order
   * @param build emits the statements; gets the builder and the parameters
   */
  function<const Parameters extends Record<string, ValueType>>(
    functionName: string,
    parameters: Parameters,
    build: (code: FunctionBuilder, parameters: ParameterLocals<Parameters>) => void,
    options: { exported?: boolean; result?: ValueType } = {},
  ): FunctionHandle {
    const types = Object.values(parameters);
    const builder = new FunctionBuilder(types);
    const locals = Object.fromEntries(
      Object.entries(parameters).map(([key, type], index) => [key, builder.parameter(index, type)]),
    ) as ParameterLocals<Parameters>;
    build(builder, locals);
    const handle: FunctionHandle = {
      index: this.functions.length,
      name: functionName,
      parameters: types,
      result: options.result,
    };
    this.functions.push({ handle, body: builder.encode(), exported: options.exported ?? false });
    return handle;
  }

  /** The module's bytes. */
  encode(memory: MemoryType): Uint8Array<ArrayBuffer> {
    const types = this.functions.map(({ handle }) => [
      0x60,
      ...vector(handle.parameters.map((type) => [TYPE_CODES[type]])),
      ...vector(handle.result ? [[TYPE_CODES[handle.result]]] : []),
    ]);
    const limits = [memory.shared ? 0x03 : 0x01, ...unsigned(memory.pages), ...unsigned(memory.pages)];
    const exports = this.functions
      .filter(({ exported }) => exported)
      .map(({ handle }) => [...name(handle.name), 0x00, ...unsigned(handle.index)]);
    return concatenate([
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, [vector(types)]),
      section(2, [vector([[...name("environment"), ...name("memory"), 0x02, ...limits]])]),
      section(3, [vector(this.functions.map((_, index) => unsigned(index)))]),
      section(7, [vector(exports)]),
      section(10, [unsigned(this.functions.length), ...this.functions.map(({ body }) => body)]),
    ]);
  }
}

function section(id: number, content: readonly ArrayLike<number>[]): Uint8Array {
  const bytes = concatenate(content);
  return concatenate([[id], unsigned(bytes.length), bytes]);
}
