import type {
  Differentiation,
  Engine,
  EngineOptions,
  LayerActivation,
  LossSettings,
  NetworkSettings,
  OptimizerState,
  SampleResults,
  Update,
} from "../../src/engine/backend.js";
import { referenceBackend } from "../../src/engine/reference/referenceBackend.js";
import type { WasmOptions } from "../../src/engine/wasm/evaluator.js";
import type { Threads } from "../../src/engine/wasm/threads.js";
import { wasmBackend } from "../../src/engine/wasm/wasmBackend.js";
import {
  initializeParameters,
  type Model,
  type NamedTensors,
  type ShapedLayer,
  type Tensor,
} from "../../src/model/index.js";
import { Purpose, RandomStream } from "../../src/numeric/philox.js";

/** One batch: images selected by index, or normalised inputs. */
export type Batch =
  | { readonly pixels: Uint8Array; readonly indices: ArrayLike<number>; readonly placements?: Int32Array }
  | { readonly values: Float32Array };

/** How to compile a network. */
export type CompileOptions = Omit<NetworkSettings, "model"> &
  EngineOptions & { readonly threads?: Threads; readonly arithmetic?: WasmOptions["arithmetic"] };

/** An engine with one network that takes batch after batch. */
export class BatchEngine {
  readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  get model(): Model {
    return this.engine.models[0];
  }

  get layers(): readonly ShapedLayer[] {
    return this.engine.layers;
  }

  get batchSize(): number {
    return this.engine.batchSize;
  }

  parameters(): Promise<NamedTensors<Float32Array>> {
    return this.engine.parameters();
  }

  setParameters(tensors: NamedTensors): Promise<void> {
    return this.engine.setParameters(tensors);
  }

  optimizerState(): Promise<OptimizerState> {
    return this.engine.optimizerState();
  }

  setOptimizerState(state: OptimizerState): Promise<void> {
    return this.engine.setOptimizerState(state);
  }

  async train(
    batch: Batch,
    labels: ArrayLike<number>,
    loss: LossSettings & { readonly seed: number },
    update: Update,
  ): Promise<SampleResults> {
    const { images, selection } = await this.load(batch, labels);
    return (await this.engine.train(images, [{ ...selection, ...loss, updates: [update] }]))[0];
  }

  async differentiate(
    batch: Batch,
    labels: ArrayLike<number>,
    loss: number | Partial<LossSettings> = 0,
  ): Promise<Differentiation> {
    const { images, selection } = await this.load(batch, labels);
    return this.engine.differentiate(images, selection, typeof loss === "number" ? { labelSmoothing: loss } : loss);
  }

  async evaluate(batch: Batch, labels: ArrayLike<number>): Promise<SampleResults> {
    const { images, selection } = await this.load(batch, labels);
    return (await this.engine.evaluate(images, [selection]))[0];
  }

  async predict(batch: Batch): Promise<Tensor<Float32Array>> {
    const { images, selection } = await this.load(batch);
    return this.engine.predict(images, selection);
  }

  async activations(batch: Batch): Promise<LayerActivation[]> {
    const { images, selection } = await this.load(batch);
    return this.engine.activations(images, selection);
  }

  dispose(): void {
    this.engine.dispose();
  }

  /** Loads a batch with labels in sample order. */
  private async load(batch: Batch, labels?: ArrayLike<number>) {
    if ("values" in batch) return { images: await this.engine.load({ ...batch, labels }), selection: {} };
    const { pixels, indices, placements } = batch;
    const { channels, height, width } = this.model.input;
    const ofImages = labels && new Int32Array(pixels.length / (channels * height * width));
    if (labels && ofImages) Array.from(indices, (index, sample) => (ofImages[index] = labels[sample]));
    return { images: await this.engine.load({ pixels, labels: ofImages }), selection: { indices, placements } };
  }
}

/** Compiles a network to WebAssembly. */
export async function compile(model: Model, { threads, arithmetic, ...options }: CompileOptions): Promise<BatchEngine> {
  return new BatchEngine(await wasmBackend({ threads, arithmetic }).compile([{ model, ...options }], options));
}

/** Compiles a network for the reference engine. */
export async function referenceEngine(model: Model, options: CompileOptions): Promise<BatchEngine> {
  return new BatchEngine(
    await referenceBackend().compile([{ model, ...options }], { ...options, keepActivations: true }),
  );
}

/** Initial parameters; those of batch normalisation are drawn, too, so that all of them matter. */
export function drawnParameters(of: Model): NamedTensors<Float32Array> {
  const stream = new RandomStream(5, Purpose.digits, 2, 0);
  return new Map(
    [...initializeParameters(of, 1)].map(([name, { shape, data }]) => {
      const isNorm = data.every((value) => value === data[0]) && shape.length === 1 && data[0] % 1 === 0;
      return [name, { shape, data: isNorm ? data.map((value) => value + 0.8 * stream.uniform() - 0.2) : data }];
    }),
  );
}
