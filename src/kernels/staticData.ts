import { type Value, v128 } from "../wasm/index.js";
import { roundUp, VECTOR_BYTES } from "./layout.js";

/** The constants and tables of a module, laid out from one address on and copied into its memory once. */
export class StaticData {
  private readonly address: number;
  private readonly words: number[] = [];
  private readonly splats = new Map<number, number>();

  /** @param address where the data will lie, a multiple of 16 */
  constructor(address: number) {
    this.address = address;
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

  /** A table of 32-bit integers; gives its address. */
  table(values: readonly number[]): number {
    const address = this.address + this.words.length * 4;
    for (const value of values) this.words.push(value | 0);
    while (this.words.length % 4 !== 0) this.words.push(0);
    return address;
  }

  /** Bytes of all data so far. */
  get byteLength(): number {
    return roundUp(this.words.length * 4, VECTOR_BYTES);
  }

  /** Copies the data into a module's memory. */
  writeTo(memory: WebAssembly.Memory): void {
    new Int32Array(memory.buffer, this.address, this.words.length).set(this.words);
  }
}
