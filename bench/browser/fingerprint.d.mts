import type { StartThread } from "../../src/engine/wasm/threads.js";

/** Of a short training, the same wherever it computes the same bits. */
export interface Fingerprint {
  readonly threads: number;
  readonly sha256: string;
}

export function trainingFingerprint(start: StartThread, threads: number): Promise<string>;
export function trainingFingerprints(start: StartThread, mostThreads: number): Promise<Fingerprint[]>;
