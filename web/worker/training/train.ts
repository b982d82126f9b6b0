import { availableThreads, startThread } from "../../../src/browser/index.js";
import { splitTraining } from "../../../src/data/index.js";
import {
  compile,
  type EpochBatch,
  fingerprint,
  initializeParameters,
  lenet5,
  mostUsefulThreads,
  runEpochs,
} from "../../../src/engine.js";
import type { NamedTensors } from "../../../src/index.js";
import type { Gate } from "./gate.js";
import { Meter } from "./meter.js";
import type { MarkedSnapshot, Snapshot, TrainingEvent, TrainingStart } from "./protocol.js";

/** A training that has begun. */
export interface Training {
  /** The parameters as they are. */
  snapshot(): Snapshot;
  /** Fulfilled once all epochs are done. */
  readonly ended: Promise<void>;
}

/**
 * Trains as `lenet train` does, to the same bits, and tells of it; the gate says when it goes and rests.
 *
 * @throws Error where a thread of the engine cannot start; `ended` is rejected with what goes wrong later
 */
export async function beginTraining(
  { dataset, validationCount, recipe, seed, threads }: TrainingStart,
  gate: Gate,
  tell: (event: TrainingEvent) => void,
): Promise<Training> {
  const classes = dataset.classes.length;
  const model = lenet5({ ...recipe, input: dataset, classes });
  const useful = Math.min(availableThreads(), mostUsefulThreads(recipe.batchSize));
  // An address with a number of threads works in pages that can have only one, too.
  const engine = compile(model, { ...recipe, threads: crossOriginIsolated ? (threads ?? useful) : 1, startThread });
  await engine.ready;
  engine.setParameters(initializeParameters(model, seed));
  const split = splitTraining({ train: dataset, validationCount }, recipe.validationShare, seed);
  const meter = new Meter(classes, split.train.length, split.validation.length, recipe.epochs);
  const marked = async (epoch: number, parameters: NamedTensors<Float32Array>): Promise<MarkedSnapshot> => ({
    epoch,
    parameters,
    fingerprint: await fingerprint(model, parameters),
  });
  let epoch = 0;
  const snapshot = (): Snapshot => ({ epoch, parameters: engine.parameters() });

  const rest = async () => {
    tell({ type: "resting", at: await marked(epoch, engine.parameters()) });
    await gate.opened();
  };
  const onBatch = (batch: EpochBatch) => {
    const passEnds = batch.done === batch.total;
    if (batch.phase === "train") epoch = batch.epoch - 1 + batch.done / batch.total;
    // An epoch's last step goes together with its validation, after which there is a rest where one is asked for.
    const rests = !passEnds && (batch.phase === "train" ? gate.restsAfter("batch") : gate.restsNow);
    const progress = meter.add(batch, gate.seconds, rests);
    if (progress) tell({ type: "progress", progress });
    return rests ? rest() : undefined;
  };

  const run = async () => {
    if (gate.restsNow) await rest();
    const epochs = runEpochs({ engine, dataset, split, recipe, seed, onBatch });
    for (;;) {
      const next = await epochs.next();
      if (next.done) {
        tell({ type: "done", best: await marked(next.value.epoch, next.value.parameters) });
        return;
      }
      const { record, state } = next.value;
      const after = await marked(record.epoch, state.parameters);
      tell({ type: "epoch", record, after, bestEpoch: state.best.epoch });
      if (record.epoch < recipe.epochs && gate.restsAfter("epoch")) await rest();
    }
  };
  tell({
    type: "started",
    machine: { threads: engine.threads, fused: engine.fused },
    initial: await marked(0, engine.parameters()),
  });
  return { snapshot, ended: run().finally(() => engine.dispose()) };
}
