import { type Value, v128 } from "../assembler/index.js";
import { roundUp, VECTOR_BYTES } from "./layout.js";

/** The constants and tables of a module: laid out from one address on, copied into its memory once. */
export class StaticData {
  private readonly address: number;
  private readonly tables: { readonly address: number; readonly words: Int32Array }[] = [];
  private end: number;
  private readonly splats = new Map<number, number>();
  private readonly shared = new Map<string, number>();

  /** @param address where the data will lie, a multiple of 16 */
  constructor(address: number) {
    this.address = address;
    this.end = address;
  }

  /**
   * A float32 in all four lanes, loaded from memory: V8 does not hoist vector constants out of loops, and a load is
   * cheaper than building the constant anew.
   */
  splat(value: number): Value<"v128"> {
    const [bits] = new Int32Array(Float32Array.of(value).buffer);
    let address = this.splats.get(bits);
    if (address === undefined) {
      address = this.table([bits, bits, bits, bits]);
      this.splats.set(bits, address);
    }
    return v128.load(address);
  }

  /** Four float32 values, loaded from memory. */
  vector(lanes: readonly number[]): Value<"v128"> {
    return v128.load(this.table([...new Int32Array(Float32Array.from(lanes).buffer)]));
  }

  /** Adds a table of 32-bit integers; returns its address. */
  table(values: readonly number[]): number {
    const address = this.end;
    this.tables.push({ address, words: Int32Array.from(values) });
    this.end = roundUp(address + values.length * 4, VECTOR_BYTES);
    return address;
  }

  /** The address of a table that several kernels share: added for the first of them. */
  sharedTable(name: string, values: readonly number[]): number {
    const known = this.shared.get(name);
    if (known !== undefined) return known;
    const address = this.table(values);
    this.shared.set(name, address);
    return address;
  }

  /** Bytes of all data so far. */
  get byteLength(): number {
    return this.end - this.address;
  }

  /** Copies the data into a module's memory. */
  writeTo(memory: WebAssembly.Memory): void {
    for (const { address, words } of this.tables) new Int32Array(memory.buffer, address, words.length).set(words);
  }
}
