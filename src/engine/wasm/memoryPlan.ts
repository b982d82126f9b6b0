import { PAGE_BYTES } from "./assembler/index.js";

/** Bytes of a cache line. */
export const CACHE_LINE = 64;

/** Allocates memory in order, each piece at the start of a cache line. */
export class MemoryPlan {
  private next: number;

  constructor(start: number) {
    this.next = start;
  }

  /** Allocates bytes and returns their address. */
  allocate(bytes: number): number {
    const address = Math.ceil(this.next / CACHE_LINE) * CACHE_LINE;
    this.next = address + bytes;
    return address;
  }

  /** Bytes up to the end of the last allocation's cache line. */
  get byteLength(): number {
    return Math.ceil(this.next / CACHE_LINE) * CACHE_LINE;
  }

  /** Pages of WebAssembly memory that hold all allocations. */
  get pages(): number {
    return Math.ceil(this.next / PAGE_BYTES);
  }
}
