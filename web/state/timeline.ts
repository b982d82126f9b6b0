import type { Snapshot } from "../worker/training/protocol.js";

/** Snapshots that are kept; more of them fill the memory and tell the eye nothing. */
const MOST = 128;

/** Puts a snapshot behind others; where they become too many, every second one goes, but for the first and the last. */
export function keepSnapshot(timeline: readonly Snapshot[], { epoch, parameters }: Snapshot): readonly Snapshot[] {
  const earlier = timeline.filter((kept) => kept.epoch < epoch);
  const all = [...earlier, { epoch, parameters }];
  return all.length <= MOST ? all : all.filter((_, index) => index % 2 === 0 || index === all.length - 1);
}
