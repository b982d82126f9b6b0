import type { CompileEngine } from "../../src/benchmark/index.js";

/** Of a short training, the same wherever it computes the same bits. */
export interface Fingerprint {
  readonly threads: number;
  readonly sha256: string;
}

export function trainingFingerprint(compile: CompileEngine, threads: number): Promise<string>;
export function trainingFingerprints(compile: CompileEngine, mostThreads: number): Promise<Fingerprint[]>;
