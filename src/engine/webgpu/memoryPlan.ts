/** An array of values, needed from a time to a time, both included. */
export interface Need {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Where each array lies, and the size of all memory. */
export interface MemoryPlan {
  readonly offsets: readonly number[];
  readonly size: number;
}

/** Finds a place for each array: the largest first, each at the lowest place that is free for as long as it is needed. */
export function planMemory(needs: readonly Need[]): MemoryPlan {
  const offsets: number[] = [];
  const placed: number[] = [];
  const largestFirst = [...needs.keys()].sort((one, other) => needs[other].size - needs[one].size || one - other);
  for (const index of largestFirst) {
    const { size, from, to } = needs[index];
    const others = placed
      .filter((other) => needs[other].from <= to && needs[other].to >= from)
      .sort((one, other) => offsets[one] - offsets[other]);
    let offset = 0;
    for (const other of others) {
      if (offset + size <= offsets[other]) break;
      offset = Math.max(offset, offsets[other] + needs[other].size);
    }
    offsets[index] = offset;
    placed.push(index);
  }
  return { offsets, size: Math.max(0, ...needs.map(({ size }, index) => offsets[index] + size)) };
}
