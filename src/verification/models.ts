import { type CompileOptions, compile, type WasmEngine } from "../engine/index.js";
import { TILE_SAMPLES } from "../engine/wasm/kernels/index.js";
import {
  isPooling,
  lenet5FromTensors,
  type Model,
  type NamedTensors,
  type ShapedLayer,
  type Tensor,
} from "../model/index.js";
import { numbersOf, RowCollector, requireTensor, TOLERANCES, VerificationError, type VerificationRow } from "./rows.js";

/** With which arithmetic the engine is verified. */
export type VerificationOptions = Pick<CompileOptions, "fused">;

/** A model, its parameters and the one batch that its reference values belong to. */
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

/** The parameters that a model's file holds, by their names in a state_dict. */
export function referenceParameters(tensors: NamedTensors): NamedTensors {
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(PARAMETER_PREFIX))
      .map(([name, tensor]) => [name.slice(PARAMETER_PREFIX.length), tensor]),
  );
}

/**
 * Reads the model from a file of reference values: its activation and pooling from the file's name, all else from the
 * tensors' shapes.
 *
 * @throws VerificationError or ShapeError where they make no LeNet-5 with a batch
 */
export function readModelReference(file: string, tensors: NamedTensors): ModelReference {
  const kind = file.startsWith("paper") ? KINDS.paper : file.startsWith("improved") ? KINDS.improved : undefined;
  if (!kind) throw new VerificationError("its name begins neither with paper nor with improved");
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

/** The engines that a reference is held against, with its parameters: with every activation kept, and as for training. */
export function* referenceEngines(
  { model, parameters, labels }: ModelReference,
  { fused }: VerificationOptions,
  optimizer: CompileOptions["optimizer"] = DEFAULT_OPTIMIZER,
): Generator<{ readonly engine: WasmEngine; readonly keepsActivations: boolean }> {
  // The reference's inputs are given as floats: nothing is normalised.
  const normalization = { mean: Array(model.input.channels).fill(0), deviation: Array(model.input.channels).fill(1) };
  for (const keepActivations of [true, false]) {
    const engine = compile(model, { batchSize: labels.length, normalization, optimizer, keepActivations, fused });
    engine.setParameters(parameters);
    yield { engine, keepsActivations: keepActivations };
    engine.dispose();
  }
}

/**
 * Verifies activations (`act.*`), losses (`smooth*.loss`) and gradients (`smooth*.grad.*`).
 *
 * @throws VerificationError or ShapeError where the file's tensors do not fit together
 */
export function verifyModel(file: string, tensors: NamedTensors, options: VerificationOptions = {}): VerificationRow[] {
  const reference = readModelReference(file, tensors);
  const expected = new Map(
    [...tensors].filter(([name]) => !name.startsWith(PARAMETER_PREFIX) && name !== "input" && name !== "target"),
  );
  const rows = new RowCollector(file);
  for (const { engine, keepsActivations } of referenceEngines(reference, options)) {
    if (keepsActivations) {
      rows.compareAll(expected, engineActivations(engine, reference), () => TOLERANCES.activation);
    }
    rows.compareAll(expected, engineLogits(engine, reference), () => TOLERANCES.activation);
    for (const prefix of smoothingPrefixes(expected.keys())) {
      rows.compareAll(expected, engineGradients(engine, reference, prefix), (name) =>
        name.endsWith(".loss") ? TOLERANCES.loss : TOLERANCES.gradient,
      );
    }
  }
  return rows.rows(expected.keys());
}

/** `smooth0.1` and the like: the prefixes under which there are losses and gradients. */
function smoothingPrefixes(names: Iterable<string>): Set<string> {
  return new Set([...names].flatMap((name) => /^(smooth\d[\d.e-]*?)\.(?:loss$|grad\.)/.exec(name)?.[1] ?? []));
}

function engineLogits(engine: WasmEngine, { values }: ModelReference): NamedTensors {
  return new Map([["act.logits", engine.predict({ values })]]);
}

/** The mean loss and its gradients with the label smoothing that a prefix names. */
function engineGradients(engine: WasmEngine, { values, labels }: ModelReference, prefix: string): NamedTensors {
  const { losses, gradients } = engine.differentiate({ values }, labels, Number(prefix.slice("smooth".length)));
  return new Map<string, Tensor>([
    [`${prefix}.loss`, meanLoss(losses)],
    ...[...gradients].map(([name, gradient]) => [`${prefix}.grad.${name}`, gradient] as const),
  ]);
}

/** The mean of a batch's losses, as PyTorch gives it. */
export function meanLoss(losses: Float32Array): Tensor<Float64Array> {
  return { shape: [1], data: Float64Array.of(losses.reduce((sum, loss) => sum + loss, 0) / losses.length) };
}

/** Every layer's output for the whole batch, under the name that the reference has for it. */
function engineActivations(engine: WasmEngine, { values, labels }: ModelReference): NamedTensors {
  const chunks = activationChunks(engine, values, labels.length);
  const names = referenceNames(engine.layers);
  return new Map(
    engine.layers.flatMap((layer, index) => {
      const name = names[index];
      if (name === undefined) return [];
      const parts = chunks.map((chunk) => chunk[index].output.data);
      return [[name, { shape: [labels.length, ...layer.output], data: concatenate(parts) }] as const];
    }),
  );
}

function activationChunks(engine: WasmEngine, values: Float32Array, count: number) {
  const sampleLength = values.length / count;
  return Array.from({ length: Math.ceil(count / TILE_SAMPLES) }, (_, chunk) => {
    const start = chunk * TILE_SAMPLES;
    return engine.activations({ values: values.subarray(start * sampleLength, (start + TILE_SAMPLES) * sampleLength) });
  });
}

/** The reference's name of each layer's output: by the layer's name, `pool1` … for the poolings, `logits` for the last. */
function referenceNames(layers: readonly ShapedLayer[]): (string | undefined)[] {
  let poolings = 0;
  return layers.map(({ layer }, index) => {
    if (index === layers.length - 1) return "act.logits";
    if ("name" in layer) return `act.${layer.name}`;
    return isPooling(layer) ? `act.pool${++poolings}` : undefined;
  });
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
