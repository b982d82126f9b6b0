import type { Engine, LoadedImages, SampleResults } from "./backend.js";

/** One network of a fleet as an engine of its own, which shares the fleet's memory. Disposing of it changes nothing. */
export function networkOf(fleet: Engine, network: number): Engine {
  const { models, layers, batchSize, arithmetic, kernels, threads } = fleet;
  const alone = async <Slice>(
    compute: (images: LoadedImages, slices: readonly (Slice | undefined)[]) => Promise<SampleResults[]>,
    images: LoadedImages,
    [slice]: readonly (Slice | undefined)[],
  ) => {
    const results = await compute(
      images,
      models.map((_, index) => (index === network ? slice : undefined)),
    );
    return [results[network]];
  };
  return {
    models: [models[network]],
    layers,
    batchSize,
    arithmetic,
    kernels,
    threads,
    memoryBytes: fleet.memoryBytes,
    load: (images) => fleet.load(images),
    parameters: () => fleet.parameters(network),
    setParameters: (tensors) => fleet.setParameters(tensors, network),
    optimizerState: () => fleet.optimizerState(network),
    setOptimizerState: (state) => fleet.setOptimizerState(state, network),
    train: (images, slices) => alone(fleet.train.bind(fleet), images, slices),
    evaluate: (images, slices) => alone(fleet.evaluate.bind(fleet), images, slices),
    measureStatistics: (images, slice) => fleet.measureStatistics(images, slice, network),
    predict: (images, selection) => fleet.predict(images, selection, network),
    activations: (images, selection) => fleet.activations(images, selection, network),
    differentiate: (images, selection, loss) => fleet.differentiate(images, selection, loss, network),
    dispose: () => {},
  };
}
