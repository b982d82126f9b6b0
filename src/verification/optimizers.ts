import type { Backend, Engine, OptimizerSettings } from "../engine/backend.js";
import type { NamedTensors, Tensor } from "../model/index.js";
import { type ModelReference, meanLoss, referenceEngines } from "./models.js";
import { RowCollector, TOLERANCES, type VerificationRow } from "./rows.js";

const STEPS = 5;
const LOGITS = `step${STEPS}.logits`;
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** The optimisers with reference values, by their names in the file names, with the settings used for the values. */
const REFERENCE_OPTIMIZERS = {
  adamw: { learningRate: 1e-3, settings: { type: "adamw", ...ADAM, weightDecay: 0.01 } },
  "adamw-epsilon": { learningRate: 1e-3, settings: { type: "adamw", ...ADAM, epsilon: 1e-4, weightDecay: 0.01 } },
  adam: { learningRate: 1e-3, settings: { type: "adam", ...ADAM, weightDecay: 0 } },
  "sgd-momentum": {
    learningRate: 0.05,
    settings: { type: "sgd", momentum: 0.9, nesterov: false, weightDecay: 5e-4 },
  },
  muon: {
    learningRate: 1e-3,
    settings: { type: "muon", learningRateFactor: 1, momentum: 0.95, weightDecay: 0.01, ...ADAM },
  },
  "sgd-nesterov": { learningRate: 0.05, settings: { type: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0 } },
} as const satisfies Record<string, { learningRate: number; settings: OptimizerSettings }>;

export type ReferenceOptimizer = keyof typeof REFERENCE_OPTIMIZERS;
export const REFERENCE_OPTIMIZER_NAMES = Object.keys(REFERENCE_OPTIMIZERS) as ReferenceOptimizer[];

/**
 * Verifies parameters and buffers after five steps (`step5.*`), the logits then (`step5.logits`), and the loss before each
 * step (`losses`).
 *
 * @param reference the model and the batch, from the model's file
 * @throws VerificationError or ShapeError if the files' tensors do not fit together
 */
export async function verifyOptimizer(
  file: string,
  tensors: NamedTensors,
  reference: ModelReference,
  optimizer: ReferenceOptimizer,
  backend: Backend,
): Promise<VerificationRow[]> {
  const { settings, learningRate } = REFERENCE_OPTIMIZERS[optimizer];
  const rows = new RowCollector(file);
  for await (const { engine } of referenceEngines(reference, backend, settings)) {
    rows.compareAll(tensors, await trainOnOneBatch(engine, reference, learningRate), (name) =>
      name === "losses" ? TOLERANCES.loss : name === LOGITS ? TOLERANCES.trainedLogits : TOLERANCES.trainedParameter,
    );
  }
  return rows.rows(tensors.keys());
}

async function trainOnOneBatch(
  engine: Engine,
  { values, labels }: ModelReference,
  learningRate: number,
): Promise<Map<string, Tensor>> {
  const losses = new Float64Array(STEPS);
  const images = await engine.load({ values, labels });
  for (let step = 1; step <= STEPS; step++) {
    const [results] = await engine.train(images, [{ labelSmoothing: 0, seed: 0, updates: [{ step, learningRate }] }]);
    losses[step - 1] = meanLoss(results.losses).data[0];
  }
  return new Map<string, Tensor>([
    ["losses", { shape: [STEPS], data: losses }],
    [LOGITS, await engine.predict(images)],
    ...[...(await engine.parameters())].map(([name, tensor]) => [`step${STEPS}.${name}`, tensor] as const),
  ]);
}
