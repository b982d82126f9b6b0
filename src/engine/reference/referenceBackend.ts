import { drawPlacements } from "../../data/augmentation.js";
import { PLACEMENT_WORDS } from "../../data/placement.js";
import {
  classCount,
  elementCount,
  inferShapes,
  learnedSpecs,
  type Model,
  type NamedTensors,
  type ParameterSpec,
  parameterSpecs,
  type ShapedLayer,
  type Tensor,
} from "../../model/index.js";
import {
  averageShare,
  type Backend,
  type Differentiation,
  type Engine,
  type EngineOptions,
  type EvaluationSlice,
  type Images,
  type LayerActivation,
  type LoadedImages,
  type LossSettings,
  type MeasuringSlice,
  type NetworkSettings,
  type OptimizerState,
  type SampleResults,
  type Selection,
  type TrainingSlice,
  type Update,
} from "../backend.js";
import { checkedBackend } from "../checkedBackend.js";
import { type HostImages, keepOnHost } from "../hostImages.js";
import { muonMatrices } from "../muon.js";
import type { SampleLoss, SampleTargets } from "./crossEntropy.js";
import { readInputs } from "./inputs.js";
import { updateMatrix } from "./muon.js";
import { moveAverage, updateTensor } from "./optimizer.js";
import {
  type Float64Tensors,
  float64Tensors,
  type MeasuredLayer,
  ReferenceNetwork,
  zeroTensors,
} from "./referenceNetwork.js";

/**
 * The slow, readable backend: plain TypeScript in double precision. operations.ts has each layer's forward and backward
 * pass for a sample side by side, batchNorm.ts those of a batch, referenceNetwork.ts the passes through the network; the
 * loss, the optimisers and the inputs have their own files. The fast backends are tested against it.
 */
export function referenceBackend(): Backend {
  return checkedBackend(async (networks, options) => new ReferenceEngine(networks, options));
}

/** A network of the fleet, with all state that training changes. */
interface Member extends NetworkSettings {
  weights: Float64Tensors;
  first: Float64Tensors;
  second: Float64Tensors;
  average: Float64Tensors | undefined;
  /** Its layers, with its own dropout probability. */
  readonly passes: ReferenceNetwork;
}

class ReferenceEngine implements Engine {
  readonly models: readonly Model[];
  readonly layers: readonly ShapedLayer[];
  readonly batchSize: number;
  readonly arithmetic = "reference";
  readonly kernels = 1;
  readonly threads = 1;
  readonly memoryBytes = 0;

  private readonly members: readonly Member[];
  private readonly all: readonly ParameterSpec[];
  private readonly learned: readonly ParameterSpec[];

  constructor(networks: readonly NetworkSettings[], { batchSize }: EngineOptions) {
    this.models = networks.map(({ model }) => model);
    this.layers = inferShapes(this.models[0]);
    this.batchSize = batchSize;
    this.all = parameterSpecs(this.layers);
    this.learned = learnedSpecs(this.layers);
    this.members = networks.map((settings) => {
      return {
        ...settings,
        weights: zeroTensors(this.all),
        first: zeroTensors(this.learned),
        second: zeroTensors(this.learned),
        average: settings.averaging ? zeroTensors(this.all) : undefined,
        passes: new ReferenceNetwork(inferShapes(settings.model), settings.rubbishPenalty),
      };
    });
  }

  async load(images: Images): Promise<LoadedImages> {
    return keepOnHost(images, this.models[0]);
  }

  async parameters(network = 0): Promise<NamedTensors<Float32Array>> {
    return copyOut(this.all, this.members[network].weights);
  }

  async setParameters(tensors: NamedTensors, network = 0): Promise<void> {
    this.members[network].weights = float64Tensors(this.all, tensors);
  }

  async optimizerState(network = 0): Promise<OptimizerState> {
    const { first, second, average } = this.members[network];
    const moments = { first: copyOut(this.learned, first), second: copyOut(this.learned, second) };
    return average ? { ...moments, average: copyOut(this.all, average) } : moments;
  }

  async setOptimizerState(state: OptimizerState, network = 0): Promise<void> {
    const member = this.members[network];
    member.first = float64Tensors(this.learned, state.first);
    member.second = float64Tensors(this.learned, state.second);
    member.average = state.average && float64Tensors(this.all, state.average);
  }

  async train(images: LoadedImages, slices: readonly (TrainingSlice | undefined)[]): Promise<SampleResults[]> {
    return slices.map((slice, network) => {
      if (!slice) return results([]);
      const samples = slice.updates.flatMap((update, step) => {
        const start = step * this.batchSize;
        return this.step(this.members[network], images, slice, update, start);
      });
      return results(samples);
    });
  }

  async evaluate(images: LoadedImages, slices: readonly (EvaluationSlice | undefined)[]): Promise<SampleResults[]> {
    return slices.map((slice, network) => {
      if (!slice) return results([]);
      const { passes, weights, average } = this.members[network];
      const { inputs, labels } = this.select(images, slice, network);
      const evaluated = slice.weights === "average" ? average! : weights;
      return results(
        passes.differentiate(evaluated, inputs, labels, targetsFor(classCount(this.layers), labels, {})).samples,
      );
    });
  }

  async measureStatistics(images: LoadedImages, slice: MeasuringSlice, network = 0): Promise<void> {
    const { passes, weights } = this.members[network];
    const { indices = [], seed, batchesBefore = 0 } = slice;
    for (let start = 0; start < indices.length; start += this.batchSize) {
      const { inputs } = this.select(images, slice, network, start, start + this.batchSize);
      const batch = batchesBefore + start / this.batchSize + 1;
      keepMeasured(weights, passes.measure(weights, inputs, { seed, step: batch }), () => 1 / batch);
    }
  }

  async predict(images: LoadedImages, selection: Selection = {}, network = 0): Promise<Tensor<Float32Array>> {
    const outputs = this.outputs(images, selection, network);
    return stacked(
      [classCount(this.layers)],
      outputs.map((values) => values[values.length - 1]),
    );
  }

  async activations(images: LoadedImages, selection: Selection = {}, network = 0): Promise<LayerActivation[]> {
    const outputs = this.outputs(images, selection, network);
    return this.layers.map((layer, index) => ({
      layer,
      output: stacked(
        layer.output,
        outputs.map((values) => values[index + 1]),
      ),
    }));
  }

  async differentiate(
    images: LoadedImages,
    selection: Selection = {},
    loss: Partial<LossSettings> = {},
    network = 0,
  ): Promise<Differentiation> {
    const { passes, weights } = this.members[network];
    const { inputs, labels } = this.select(images, selection, network);
    const { samples, gradients } = passes.differentiate(
      weights,
      inputs,
      labels,
      targetsFor(classCount(this.layers), labels, loss),
    );
    return { ...results(samples), gradients: copyOut(this.learned, gradients) };
  }

  dispose(): void {}

  /** One training step on the images of a slice, from index `start`. */
  private step(
    member: Member,
    images: LoadedImages,
    slice: TrainingSlice,
    update: Update,
    start: number,
  ): readonly SampleLoss[] {
    const { averaging, optimizer } = member;
    const { inputs, labels } = this.select(images, slice, this.members.indexOf(member), start, start + this.batchSize);
    const mode = { seed: slice.seed, step: update.step };
    const { samples, gradients, measured } = member.passes.differentiate(
      member.weights,
      inputs,
      labels,
      targetsFor(classCount(this.layers), labels, slice, start),
      mode,
    );
    keepMeasured(member.weights, measured, ({ layer }) => layer.momentum);
    const matrices = optimizer!.type === "muon" ? muonMatrices(this.layers, optimizer!) : [];
    for (const { name } of this.learned) {
      const learned = {
        weight: member.weights.get(name)!,
        gradient: gradients.get(name)!,
        first: member.first.get(name)!,
        second: member.second.get(name)!,
      };
      const matrix = matrices.find(({ parameter }) => parameter === name);
      if (matrix && optimizer!.type === "muon") updateMatrix(optimizer!, update, matrix, learned);
      else updateTensor(optimizer!, update, learned);
    }
    if (averaging) {
      const share = averageShare(averaging, update.step);
      for (const [name, weight] of member.weights) moveAverage(member.average!.get(name)!, weight, share);
    }
    return samples;
  }

  /** The inputs and labels of a selection, or of the part of it from start to end. */
  private select(images: LoadedImages, selection: Selection, network: number, start = 0, end?: number) {
    const { images: host } = images as HostImages;
    const indices = Array.from(selection.indices ?? []).slice(start, end);
    const { model, normalization } = this.members[network];
    const { placements } = selection;
    let words: Int32Array | undefined;
    if (placements instanceof Int32Array) words = placements.subarray(start * PLACEMENT_WORDS);
    else if (placements) {
      words = new Int32Array(indices.length * PLACEMENT_WORDS);
      drawPlacements(placements, model.input, indices, 0, indices.length, words);
    }
    return {
      inputs: readInputs(host, indices, words, { input: model.input, normalization }),
      labels: indices.map((index) => host.labels?.[index] ?? 0),
    };
  }

  /** For each sample, the input and the output of every layer in evaluation mode. */
  private outputs(images: LoadedImages, selection: Selection, network: number): Float64Array[][] {
    const { passes, weights } = this.members[network];
    return this.select(images, selection, network).inputs.map((input) => passes.forward(weights, input));
  }
}

function copyOut(specs: readonly ParameterSpec[], tensors: Float64Tensors): NamedTensors<Float32Array> {
  return new Map(specs.map(({ name, shape }) => [name, { shape, data: Float32Array.from(tensors.get(name)!) }]));
}

/** Moves running means and variances towards those of a batch, by a share of the difference. */
function keepMeasured(
  weights: Float64Tensors,
  measured: readonly MeasuredLayer[],
  shareOf: (layer: MeasuredLayer) => number,
): void {
  for (const each of measured) {
    const { layer, statistics } = each;
    moveAverage(weights.get(`${layer.name}.running_mean`)!, statistics.mean, shareOf(each));
    moveAverage(weights.get(`${layer.name}.running_var`)!, statistics.unbiasedVariance, shareOf(each));
  }
}

/**
 * What the loss of each of a batch's samples depends on.
 *
 * @param start where the batch starts in the selection that the teacher's logits belong to
 */
function targetsFor(
  classes: number,
  labels: readonly number[],
  { labelSmoothing = 0, classWeights, distillation }: Partial<LossSettings>,
  start = 0,
): (position: number) => SampleTargets {
  const total = labels.reduce((sum, label) => sum + (classWeights?.[label] ?? 1), 0);
  const weighting = total > 0 ? labels.length / total : 0;
  return (position) => {
    const hard = { labelSmoothing, classWeights, weighting };
    if (!distillation) return hard;
    const { logits, temperature, share } = distillation;
    const first = (start + position) * classes;
    return {
      ...hard,
      teacher: { logits: Float64Array.from(logits.subarray(first, first + classes)), temperature, share },
    };
  };
}

function results(samples: readonly SampleLoss[]): SampleResults {
  return {
    losses: Float32Array.from(samples, ({ loss }) => loss),
    predictions: Int32Array.from(samples, ({ prediction }) => prediction),
  };
}

/** Stacks samples of the same shape into one tensor. */
function stacked(shape: readonly number[], samples: readonly Float64Array[]): Tensor<Float32Array> {
  const size = elementCount(shape);
  const data = new Float32Array(samples.length * size);
  samples.forEach((values, sample) => {
    data.set(values, sample * size);
  });
  return { shape: [samples.length, ...shape], data };
}
