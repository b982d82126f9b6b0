import { PAGE_BYTES } from "./assembler/index.js";

/** Bytes of a cache line. */
export const CACHE_LINE = 64;

/** Hands out addresses one after the other, each at the start of a cache line. */
export class MemoryPlan {
  private next: number;

  constructor(start: number) {
    this.next = start;
  }

  /** The address of that many bytes. */
  allocate(bytes: number): number {
    const address = Math.ceil(this.next / CACHE_LINE) * CACHE_LINE;
    this.next = address + bytes;
    return address;
  }

  /** Bytes handed out so far, up to the end of a cache line. */
  get byteLength(): number {
    return Math.ceil(this.next / CACHE_LINE) * CACHE_LINE;
  }

  /** Pages of WebAssembly memory that hold them. */
  get pages(): number {
    return Math.ceil(this.next / PAGE_BYTES);
  }
}
