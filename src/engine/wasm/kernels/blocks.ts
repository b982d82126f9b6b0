import type { FunctionBuilder, FunctionHandle, Value } from "../assembler/index.js";

/** A run of equal blocks: `count` blocks of `size` from `start` on. */
export interface BlockRun {
  readonly size: number;
  readonly count: number;
  readonly start: number;
}

/** Splits 0 … total − 1 into blocks of at most `largest`, as equal as possible, equal neighbours grouped. */
export function equalBlocks(total: number, largest: number): BlockRun[] {
  const blocks = Math.ceil(total / largest);
  const small = Math.floor(total / blocks);
  const bigger = total - small * blocks;
  return [
    { size: small + 1, count: bigger, start: 0 },
    { size: small, count: blocks - bigger, start: bigger * (small + 1) },
  ].filter(({ count }) => count > 0);
}

/** A run of blocks of channels and the function that computes one of them. */
export interface ChannelBlocks {
  readonly run: BlockRun;
  readonly block: FunctionHandle;
}

/** Emits a function for each size of block that the channels are divided into. */
export function emitChannelBlocks(
  channels: number,
  largest: number,
  emit: (size: number) => FunctionHandle,
): ChannelBlocks[] {
  return equalBlocks(channels, largest).map((run) => ({ run, block: emit(run.size) }));
}

/** An operand that differs from channel to channel: an address, and the bytes from one channel's to the next. */
export interface PerChannel {
  readonly first: Value<"i32">;
  readonly bytes: number;
}

/** Calls the block functions for all channels, in order. */
export function callBlocks(
  code: FunctionBuilder,
  blocks: readonly ChannelBlocks[],
  operands: readonly (Value<"i32"> | PerChannel)[],
): void {
  const advances: ((channels: number) => void)[] = [];
  const values = operands.map((operand) => {
    if (!("first" in operand)) return operand;
    const pointer = code.local("i32", operand.first);
    advances.push((channels) => code.increase(pointer, channels * operand.bytes));
    return pointer;
  });
  for (const { run, block } of blocks) {
    code.repeat(run.count, () => {
      code.call(block, ...values);
      for (const advance of advances) advance(run.size);
    });
  }
}

/** The largest divisor of a number that is not above a limit. */
export function largestDivisor(value: number, limit: number): number {
  for (let divisor = Math.min(value, limit); divisor > 1; divisor--) {
    if (value % divisor === 0) return divisor;
  }
  return 1;
}
