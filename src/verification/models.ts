import type { Backend, Engine, LoadedImages, OptimizerSettings } from "../engine/backend.js";
import {
  hasBatchNorm,
  isPooling,
  lenet5FromTensors,
  type Model,
  type NamedTensors,
  type ShapedLayer,
  type Tensor,
} from "../model/index.js";
import {
  numbersOf,
  RowCollector,
  requireTensor,
  TOLERANCES,
  type Tolerance,
  VerificationError,
  type VerificationRow,
} from "./rows.js";

/** A model, its parameters and the batch that its reference values belong to. */
export interface ModelReference {
  readonly model: Model;
  readonly parameters: NamedTensors;
  /** float32 [count][channels][height][width] */
  readonly values: Float32Array;
  readonly labels: readonly number[];
}

const PARAMETER_PREFIX = "param.";
const DEFAULT_OPTIMIZER = { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 } as const;
const KINDS = {
  paper: { activation: "sigmoid", pooling: "averagePool2d", dropout: 0 },
  improved: { activation: "relu", pooling: "maxPool2d", dropout: 0 },
} as const;

/** The parameters in a model's file, by their names in a state_dict. */
export function referenceParameters(tensors: NamedTensors): NamedTensors {
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(PARAMETER_PREFIX))
      .map(([name, tensor]) => [name.slice(PARAMETER_PREFIX.length), tensor]),
  );
}

/**
 * Reads the model from a file of reference values: activation and pooling from the file's name, everything else from
 * the tensors' shapes.
 *
 * @throws VerificationError or ShapeError if they are not a LeNet-5 with a batch
 */
export function readModelReference(file: string, tensors: NamedTensors): ModelReference {
  const kind = file.startsWith("paper") ? KINDS.paper : file.startsWith("improved") ? KINDS.improved : undefined;
  if (!kind) throw new VerificationError("its name starts with neither paper nor improved");
  const parameters = referenceParameters(tensors);
  const input = requireTensor(tensors, "input");
  if (input.shape.length !== 4 || !(input.data instanceof Float32Array)) {
    throw new VerificationError(`its input is not float32 [count, channels, height, width]`);
  }
  const [, channels, height, width] = input.shape;
  const model = { ...lenet5FromTensors(parameters, kind), input: { channels, height, width } };
  const labels = [...numbersOf("target", requireTensor(tensors, "target"))];
  return { model, parameters, values: input.data, labels };
}

/** The engines to verify against a reference, with its parameters: one that keeps activations, one as in training. */
export async function* referenceEngines(
  { model, parameters, labels }: ModelReference,
  backend: Backend,
  optimizer: OptimizerSettings = DEFAULT_OPTIMIZER,
): AsyncGenerator<{ readonly engine: Engine; readonly keepsActivations: boolean }> {
  // The reference's inputs are floats, so nothing is normalised.
  const normalization = { mean: Array(model.input.channels).fill(0), std: Array(model.input.channels).fill(1) };
  for (const keepActivations of [true, false]) {
    const options = { batchSize: labels.length, keepActivations };
    const engine = await backend.compile([{ model, normalization, optimizer }], options);
    await engine.setParameters(parameters);
    yield { engine, keepsActivations: keepActivations };
    engine.dispose();
  }
}

/**
 * Verifies activations (`act.*`), losses (`smooth*.loss`) and gradients (`smooth*.grad.*`); of batch normalisation also
 * loss, gradients and running statistics of a pass in training (`train.*`).
 *
 * @throws VerificationError or ShapeError if the file's tensors do not fit together
 */
export async function verifyModel(file: string, tensors: NamedTensors, backend: Backend): Promise<VerificationRow[]> {
  const reference = readModelReference(file, tensors);
  const expected = new Map(
    [...tensors].filter(([name]) => !name.startsWith(PARAMETER_PREFIX) && name !== "input" && name !== "target"),
  );
  const rows = new RowCollector(file);
  for await (const { engine, keepsActivations } of referenceEngines(reference, backend)) {
    const { values, labels } = reference;
    const images = await engine.load({ values, labels });
    if (keepsActivations) {
      rows.compareAll(expected, await engineActivations(engine, images), () => TOLERANCES.activation);
    }
    rows.compareAll(expected, new Map([["act.logits", await engine.predict(images)]]), () => TOLERANCES.activation);
    if (hasBatchNorm(reference.model)) {
      rows.compareAll(expected, await trainedOnce(engine, images), trainedTolerance);
      await engine.setParameters(reference.parameters);
    }
    for (const prefix of smoothingPrefixes(expected.keys())) {
      rows.compareAll(expected, await engineGradients(engine, images, prefix), (name) =>
        name.endsWith(".loss") ? TOLERANCES.loss : TOLERANCES.gradient,
      );
    }
  }
  return rows.rows(expected.keys());
}

/** The prefixes of losses and gradients, such as `smooth0.1`. */
function smoothingPrefixes(names: Iterable<string>): Set<string> {
  return new Set([...names].flatMap((name) => /^(smooth\d[\d.e-]*?)\.(?:loss$|grad\.)/.exec(name)?.[1] ?? []));
}

/** The mean loss and its gradients, with the label smoothing in the prefix. */
async function engineGradients(engine: Engine, images: LoadedImages, prefix: string): Promise<NamedTensors> {
  const labelSmoothing = Number(prefix.slice("smooth".length));
  const { losses, gradients } = await engine.differentiate(images, {}, { labelSmoothing });
  return new Map<string, Tensor>([
    [`${prefix}.loss`, meanLoss(losses)],
    ...[...gradients].map(([name, gradient]) => [`${prefix}.grad.${name}`, gradient] as const),
  ]);
}

/** Loss and gradients of one pass in training, which leaves running statistics. */
async function trainedOnce(engine: Engine, images: LoadedImages): Promise<NamedTensors> {
  const updates = [{ step: 1, learningRate: 0 }];
  const [{ losses }] = await engine.train(images, [{ labelSmoothing: 0, seed: 0, updates }]);
  // Without momentum, SGD's first moment is the gradient.
  const { first } = await engine.optimizerState();
  return new Map<string, Tensor>([
    ["train.loss", meanLoss(losses)],
    ...[...first].map(([name, gradient]) => [`train.grad.${name}`, gradient] as const),
    ...[...(await engine.parameters())].map(([name, tensor]) => [`train.${name}`, tensor] as const),
  ]);
}

function trainedTolerance(name: string): Tolerance {
  if (name === "train.loss") return TOLERANCES.loss;
  return name.startsWith("train.grad.") ? TOLERANCES.gradient : TOLERANCES.activation;
}

/** The mean of a batch's losses, as PyTorch returns it. */
export function meanLoss(losses: Float32Array): Tensor<Float64Array> {
  return { shape: [1], data: Float64Array.of(losses.reduce((sum, loss) => sum + loss, 0) / losses.length) };
}

/** Every layer's output for the entire batch, by its name in the reference. */
async function engineActivations(engine: Engine, images: LoadedImages): Promise<NamedTensors> {
  const names = referenceNames(engine.layers);
  return new Map(
    (await engine.activations(images)).flatMap(({ output }, index) => {
      const name = names[index];
      return name === undefined ? [] : [[name, output] as const];
    }),
  );
}

/** Each layer output's name in the reference: the layer's name, `pool1` … for poolings, `logits` for the last. */
function referenceNames(layers: readonly ShapedLayer[]): (string | undefined)[] {
  let poolings = 0;
  return layers.map(({ layer }, index) => {
    if (index === layers.length - 1) return "act.logits";
    if ("name" in layer) return `act.${layer.name}`;
    return isPooling(layer) ? `act.pool${++poolings}` : undefined;
  });
}
