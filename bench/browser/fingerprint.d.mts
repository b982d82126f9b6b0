import type { StartThread } from "../../src/engine/wasm/threads.js";

/** The fingerprint of a short training: equal wherever the same bits are computed. */
export interface Fingerprint {
  readonly threads: number;
  readonly sha256: string;
}

export function trainingFingerprint(start: StartThread, threads: number): Promise<string>;
export function trainingFingerprints(start: StartThread, mostThreads: number): Promise<Fingerprint[]>;
