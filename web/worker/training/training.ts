import { availableThreads, startThread } from "../../../src/browser/index.js";
import {
  type EpochSlice,
  fingerprint,
  lenet5,
  mostUsefulThreads,
  runEpochs,
  wasmBackend,
} from "../../../src/engine.js";
import type { NamedTensors } from "../../../src/model/index.js";
import { compilePlan, planWith } from "../../../src/training/plan.js";
import type { Gate } from "./gate.js";
import { Meter } from "./meter.js";
import type { MarkedSnapshot, Snapshot, TrainingEvent, TrainingStart } from "./protocol.js";

/** A running training. */
export interface Training {
  /** The current parameters. */
  snapshot(): Promise<Snapshot>;
  /** Resolves once all epochs are done; rejects if something fails later. */
  readonly ended: Promise<void>;
}

/**
 * Trains as `lenet train` does, to the same bits, and reports its progress; the gate pauses and resumes it.
 *
 * @throws Error if a thread of the engine cannot start
 */
export async function beginTraining(
  { dataset, validationCount, recipe, seed, threads }: TrainingStart,
  gate: Gate,
  report: (event: TrainingEvent) => void,
): Promise<Training> {
  const { channels, height, width, classes } = dataset;
  const model = lenet5({ ...recipe, input: { channels, height, width }, classes: classes.length });
  const plan = planWith({ recipe, model, seed }, { train: dataset, validationCount });
  const useful = Math.min(availableThreads(), mostUsefulThreads(recipe.batchSize));
  // An address with a thread count also works in pages that can have only one.
  const count = crossOriginIsolated ? (threads ?? useful) : 1;
  const engine = await compilePlan(
    plan,
    wasmBackend({ threads: { count, start: startThread, atMost: threads === undefined } }),
  );
  const { split } = plan;
  const meter = new Meter(classes.length, split.train.length, split.validation.length, recipe.epochs);
  const marked = async (epoch: number, parameters: NamedTensors<Float32Array>): Promise<MarkedSnapshot> => ({
    epoch,
    parameters,
    fingerprint: await fingerprint(model, parameters),
  });
  let epoch = 0;
  const snapshot = async (): Promise<Snapshot> => ({ epoch, parameters: await engine.parameters() });

  const rest = async () => {
    report({ type: "resting", at: await marked(epoch, await engine.parameters()) });
    await gate.opened();
  };
  const onSlice = (slice: EpochSlice) => {
    const passEnds = slice.done === slice.total;
    if (slice.phase === "train") epoch = slice.epoch - 1 + slice.done / slice.total;
    // An epoch's last step goes together with its validation; a requested pause comes after that.
    const rests = !passEnds && (slice.phase === "train" ? gate.restsAfter("batch") : gate.restsNow);
    const progress = meter.add(slice, gate.seconds, rests);
    if (progress) report({ type: "progress", progress });
    return rests ? rest() : undefined;
  };

  const batchesAtOnce = () => (gate.restsAfterBatch ? 1 : Number.POSITIVE_INFINITY);

  const run = async () => {
    if (gate.restsNow) await rest();
    const epochs = runEpochs({ ...plan, engine, onSlice, batchesAtOnce });
    for (;;) {
      const next = await epochs.next();
      if (next.done) {
        report({ type: "done", best: await marked(next.value.epoch, next.value.parameters) });
        return;
      }
      const { record, state } = next.value;
      const after = await marked(record.epoch, state.parameters);
      report({ type: "epoch", record, after, bestEpoch: state.best.epoch });
      if (record.epoch < recipe.epochs && gate.restsAfter("epoch")) await rest();
    }
  };
  report({
    type: "started",
    machine: { threads: engine.threads, arithmetic: engine.arithmetic },
    initial: await marked(0, await engine.parameters()),
  });
  return { snapshot, ended: run().finally(() => engine.dispose()) };
}
