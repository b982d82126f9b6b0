import { availableParallelism } from "node:os";
import { compile, type OptimizerSettings, type WasmEngine } from "../engine/index.js";
import type { Model } from "../model/index.js";
import { enableFusedArithmetic } from "../node/fusedArithmetic.js";
import { startThread } from "../node/threads.js";

/** Samples that one thread takes at a time: more threads than such groups in a batch have nothing to do. */
const SAMPLES_A_THREAD = 8;

/** The number of threads for a batch size: as asked for, else one a core. */
export function threadCount(batchSize: number, asked: number | undefined): number {
  return asked ?? Math.min(availableParallelism(), Math.ceil(batchSize / SAMPLES_A_THREAD));
}

/** Compiles a model for Node: with fused arithmetic where the processor has it, on several threads. */
export function compileForNode(
  model: Model,
  options: {
    batchSize: number;
    threads?: number;
    /** One value for every channel. */
    normalization: { readonly mean: number; readonly deviation: number };
    optimizer: OptimizerSettings;
  },
): WasmEngine {
  enableFusedArithmetic();
  const { batchSize, normalization, optimizer } = options;
  const everyChannel = (value: number) => Array.from({ length: model.input.channels }, () => value);
  return compile(model, {
    batchSize,
    optimizer,
    normalization: { mean: everyChannel(normalization.mean), deviation: everyChannel(normalization.deviation) },
    threads: threadCount(batchSize, options.threads),
    startThread,
  });
}
