import {
  classCount,
  elementCount,
  inferShapes,
  type Model,
  type NamedTensors,
  normalizedBytes,
  type ShapedLayer,
  type Tensor,
} from "../../model/index.js";
import type {
  Backend,
  Differentiation,
  Engine,
  EvaluationSlice,
  Images,
  LayerActivation,
  LoadedImages,
  LossSettings,
  MeasuringSlice,
  NetworkSettings,
  OptimizerState,
  SampleResults,
  Selection,
  TrainingSlice,
} from "../backend.js";
import { checkedBackend } from "../checkedBackend.js";
import { keepOnHost } from "../hostImages.js";
import { type MuonMatrix, muonMatrices } from "../muon.js";
import { Device } from "./device.js";
import type { Job } from "./jobs.js";
import { layoutMuon } from "./muonShader.js";
import { layoutParameters, type ParameterLayout, packTensors, unpackTensors } from "./parameters.js";
import { type Call, type CardImages, type Fleet, Program } from "./program.js";

/** WebGPU's own `GPU` object, for programs that are compiled without the DOM's types. */
export interface Gpu {
  /** The graphics card, or null if there is none. */
  requestAdapter(): Promise<object | null>;
}

/** Where to find WebGPU. */
export interface WebgpuOptions {
  /** Default: `navigator.gpu` of the page or worker. In Node `nodeGpu()` of `lenet/node` gives it. */
  readonly gpu?: Gpu;
}

/**
 * Computes on a graphics card by WebGPU, with shaders emitted for the model at hand: a workgroup computes a sample of a
 * network, all networks of a fleet at the same time. Compiling fails if there is no graphics card.
 *
 * WebGPU does not fix how float32 is rounded: the same bits come only from the same card and driver, which
 * `Engine.arithmetic` names.
 */
export function webgpuBackend({ gpu = globalThis.navigator?.gpu }: WebgpuOptions = {}): Backend {
  return checkedBackend(async (networks, { batchSize }) => {
    if (!gpu) throw new Error("WebGPU is not available here");
    const models = networks.map(({ model }) => model);
    const layers = inferShapes(models[0]);
    const parameters = layoutParameters(layers);
    const fleet = { models, layers, parameters, muon: layoutMuon(muonMatricesOf(networks, layers)), batchSize };
    const device = await Device.open(gpu as GPU);
    try {
      return new WebgpuEngine(networks, fleet, device, await Program.compile(device, fleet));
    } catch (error) {
      device.destroy();
      throw error;
    }
  });
}

/** The weights that Muon updates in any of the networks. */
function muonMatricesOf(networks: readonly NetworkSettings[], layers: readonly ShapedLayer[]): MuonMatrix[] {
  const matrices = new Map<string, MuonMatrix>();
  for (const { optimizer } of networks) {
    if (optimizer?.type !== "muon") continue;
    for (const matrix of muonMatrices(layers, optimizer)) matrices.set(matrix.parameter, matrix);
  }
  return [...matrices.values()];
}

/** Images are uploaded in parts of so many bytes. */
const UPLOAD_BYTES = 2 ** 24;

/** Images in the memory of a card. */
class ImagesOnCard implements LoadedImages, CardImages {
  readonly device: Device;
  readonly count: number;
  readonly buffer: GPUBuffer;
  readonly floats: boolean;
  readonly labelsAt: number;
  readonly labels: ArrayLike<number> | undefined;
  private loaded = true;

  /** Uploads images that have been checked. */
  constructor(device: Device, images: Images, count: number) {
    const data = "pixels" in images ? images.pixels : images.values;
    this.device = device;
    this.count = count;
    this.floats = "values" in images;
    this.labelsAt = Math.ceil(data.byteLength / 4);
    this.buffer = device.buffer("the images", (this.labelsAt + count) * 4);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let start = 0; start < bytes.length; start += UPLOAD_BYTES) {
      const part = bytes.subarray(start, start + UPLOAD_BYTES);
      // A copy, because the npm package webgpu crashes if it is given shared memory; and a whole number of words.
      const copy = new Uint8Array(Math.ceil(part.length / 4) * 4);
      copy.set(part);
      device.queue.writeBuffer(this.buffer, start, copy);
    }
    const { labels } = images;
    this.labels = labels;
    if (labels) device.queue.writeBuffer(this.buffer, this.labelsAt * 4, Uint32Array.from(labels));
  }

  unload(): void {
    this.buffer.destroy();
    this.loaded = false;
  }

  /** @throws Error if they are not in the memory of the card that computes */
  requireOn(device: Device): void {
    if (this.device !== device) throw new Error("the images were loaded by another engine");
    if (!this.loaded) throw new Error("the images were unloaded");
  }
}

class WebgpuEngine implements Engine {
  readonly models: readonly Model[];
  readonly layers: readonly ShapedLayer[];
  readonly batchSize: number;
  readonly arithmetic: string;
  readonly kernels = 1;
  /** The calling one only uploads. */
  readonly threads = 1;

  private readonly networks: readonly NetworkSettings[];
  private readonly parameterLayout: ParameterLayout;
  private readonly device: Device;
  private readonly program: Program;

  constructor(networks: readonly NetworkSettings[], fleet: Fleet, device: Device, program: Program) {
    this.models = fleet.models;
    this.layers = fleet.layers;
    this.batchSize = fleet.batchSize;
    this.arithmetic = device.arithmetic;
    this.networks = networks;
    this.parameterLayout = fleet.parameters;
    this.device = device;
    this.program = program;
    const { channels } = this.models[0].input;
    const table = new Float32Array(networks.length * channels * 256);
    for (const [network, { normalization }] of networks.entries()) {
      table.set(normalizedBytes(normalization, channels), network * channels * 256);
    }
    program.setTable(table);
  }

  get memoryBytes(): number {
    return this.device.memoryBytes;
  }

  async load(images: Images): Promise<LoadedImages> {
    const { count } = keepOnHost(images, this.models[0]);
    return this.device.accepted(() => new ImagesOnCard(this.device, images, count));
  }

  async parameters(network = 0): Promise<NamedTensors<Float32Array>> {
    const [parameters] = await this.program.readArenas(network, "parameters");
    return unpackTensors(this.parameterLayout, parameters, true);
  }

  async setParameters(tensors: NamedTensors, network = 0): Promise<void> {
    const packed = packTensors(this.parameterLayout, tensors);
    await this.device.accepted(() => this.program.writeArena("parameters", network, packed));
  }

  async optimizerState(network = 0): Promise<OptimizerState> {
    const arenas = await this.program.readArenas(network, "firstMoments", "secondMoments", "averages");
    const [first, second] = arenas.map((arena) => unpackTensors(this.parameterLayout, arena, false));
    if (!this.networks[network].averaging) return { first, second };
    return { first, second, average: unpackTensors(this.parameterLayout, arenas[2], true) };
  }

  async setOptimizerState(state: OptimizerState, network = 0): Promise<void> {
    const first = packTensors(this.parameterLayout, state.first);
    const second = packTensors(this.parameterLayout, state.second);
    const average = state.average && packTensors(this.parameterLayout, state.average);
    await this.device.accepted(() => {
      this.program.writeArena("firstMoments", network, first);
      this.program.writeArena("secondMoments", network, second);
      if (average) this.program.writeArena("averages", network, average);
    });
  }

  async train(images: LoadedImages, slices: readonly (TrainingSlice | undefined)[]): Promise<SampleResults[]> {
    const onCard = this.onCard(images);
    const jobs = slices.map((slice, network): Job | undefined => {
      if (!slice) return undefined;
      const { optimizer, averaging } = this.networks[network];
      const { seed, updates } = slice;
      return { ...this.jobOf(onCard, network, slice, slice), training: { seed, optimizer, averaging, updates } };
    });
    return this.run({ images: onCard, network: 0, jobs, kind: "train" });
  }

  async evaluate(images: LoadedImages, slices: readonly (EvaluationSlice | undefined)[]): Promise<SampleResults[]> {
    const onCard = this.onCard(images);
    const jobs = slices.map((slice, network) => slice && this.jobOf(onCard, network, slice));
    const isAveraged = (network: number) => slices[network]?.weights === "average";
    const common = { images: onCard, network: 0, kind: "evaluate" } as const;
    const current = await this.run({
      ...common,
      jobs: jobs.map((job, network) => (isAveraged(network) ? undefined : job)),
    });
    if (!slices.some((_, network) => isAveraged(network))) return current;
    const averaged = await this.run({
      ...common,
      weights: "averages",
      jobs: jobs.map((job, network) => (isAveraged(network) ? job : undefined)),
    });
    return slices.map((_, network) => (isAveraged(network) ? averaged : current)[network]);
  }

  async measureStatistics(images: LoadedImages, slice: MeasuringSlice, network = 0): Promise<void> {
    const { seed, batchesBefore = 0 } = slice;
    const onCard = this.onCard(images);
    const job = this.jobOf(onCard, network, slice);
    const batches = Math.ceil(job.indices.length / this.batchSize);
    const updates = Array.from({ length: batches }, (_, batch) => ({
      step: batchesBefore + batch + 1,
      learningRate: 0,
    }));
    const jobs = [{ ...job, training: { seed, updates } }];
    await this.program.run({ images: onCard, network, jobs, kind: "measure" });
  }

  async predict(images: LoadedImages, selection: Selection = {}, network = 0): Promise<Tensor<Float32Array>> {
    const { outputs, count } = await this.outputs(images, selection, network, "logits");
    return { shape: [count, classCount(this.layers)], data: outputs };
  }

  async activations(images: LoadedImages, selection: Selection = {}, network = 0): Promise<LayerActivation[]> {
    const { outputs, count } = await this.outputs(images, selection, network, "all");
    const all = outputs.length / count;
    let offset = 0;
    return this.layers.map((layer) => {
      const size = elementCount(layer.output);
      const data = new Float32Array(count * size);
      for (let sample = 0; sample < count; sample++) {
        const start = sample * all + offset;
        data.set(outputs.subarray(start, start + size), sample * size);
      }
      offset += size;
      return { layer, output: { shape: [count, ...layer.output], data } };
    });
  }

  async differentiate(
    images: LoadedImages,
    selection: Selection = {},
    loss: Partial<LossSettings> = {},
    network = 0,
  ): Promise<Differentiation> {
    const onCard = this.onCard(images);
    const jobs = [this.jobOf(onCard, network, selection, loss)];
    const call = { images: onCard, network, jobs, kind: "differentiate" } as const;
    const { answers, gradients } = await this.program.differentiate(call);
    const { losses, predictions } = answers;
    return { losses, predictions, gradients: unpackTensors(this.parameterLayout, gradients, false) };
  }

  dispose(): void {
    this.device.destroy();
  }

  /** What is asked of a network as a job; the engine in front has given every selection its indices. */
  private jobOf(
    { labels }: ImagesOnCard,
    network: number,
    { indices = [], placements }: Selection,
    loss: Partial<LossSettings> = {},
  ): Job {
    const { rubbishPenalty } = this.networks[network];
    return { indices, placements, labels, loss, rubbishPenalty };
  }

  private async run(call: Call): Promise<SampleResults[]> {
    return (await this.program.run(call)).map(({ losses, predictions }) => ({ losses, predictions }));
  }

  private async outputs(images: LoadedImages, selection: Selection, network: number, outputs: "logits" | "all") {
    const onCard = this.onCard(images);
    const job = this.jobOf(onCard, network, selection);
    const call = { images: onCard, network, jobs: [job], kind: "evaluate", outputs } as const;
    const [answers] = await this.program.run(call);
    return { outputs: answers.outputs, count: job.indices.length };
  }

  /** @throws Error if the images are not there, or nothing can be computed any more */
  private onCard(images: LoadedImages): ImagesOnCard {
    this.device.requireUsable();
    const onCard = images as ImagesOnCard;
    onCard.requireOn(this.device);
    return onCard;
  }
}
