import { availableParallelism } from "node:os";
import {
  type Averaging,
  compile,
  mostUsefulThreads,
  type OptimizerSettings,
  type WasmEngine,
} from "../engine/index.js";
import type { Model, Normalization } from "../model/index.js";
import { enableFusedArithmetic } from "../node/fusedArithmetic.js";
import { startThread } from "../node/threads.js";

/** The number of threads for a batch size: as asked for, else one a core, but no more than there are tiles to compute. */
export function threadCount(batchSize: number, asked: number | undefined): number {
  return asked ?? Math.min(availableParallelism(), mostUsefulThreads(batchSize));
}

/** Compiles a model for Node: with fused arithmetic where the processor has it, on several threads. */
export function compileForNode(
  model: Model,
  options: {
    batchSize: number;
    threads?: number;
    normalization: Normalization;
    optimizer: OptimizerSettings;
    averaging?: Averaging | null;
  },
): WasmEngine {
  enableFusedArithmetic();
  const { batchSize, normalization, optimizer, averaging } = options;
  return compile(model, {
    batchSize,
    optimizer,
    averaging,
    normalization,
    threads: threadCount(batchSize, options.threads),
    startThread,
  });
}
