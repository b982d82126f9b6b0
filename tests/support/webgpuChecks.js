// A function that runs in a page or a worker, as text: vitest would rewrite the imports.
async ({ cases, checksFleet = false }) => {
  const { initializeParameters, lenet5, wasmBackend, webgpuBackend } = await import("/dist/engine.js");
  const { RECIPES } = await import("/dist/index.js");
  // Fewer samples let batch normalisation enlarge the last bits.
  const BATCH = 16;
  const STEPS = 20;
  const COUNT = 20;
  const labels = Array.from({ length: COUNT }, (_, image) => (image * 7 + 3) % 10);
  // Noise: where images resemble each other, batch normalisation enlarges the last bits, too.
  const pixelsOf = ({ channels, height, width }) =>
    Uint8Array.from(
      { length: COUNT * channels * height * width },
      (_, place) => Math.imul(place + 1, 0x9e3779b1) >>> 24,
    );
  const sliceOf = ({ augmentation, labelSmoothing, distillation }, seed) => ({
    distillation: distillation && {
      ...distillation,
      logits: Float32Array.from({ length: STEPS * BATCH * 10 }, (_, place) => ((place * 37) % 13) - 6),
    },
    indices: Array.from({ length: STEPS * BATCH }, (_, place) => (place * 7 + (place >> 4)) % COUNT),
    placements: { augmentation, seed, epoch: 1 },
    labelSmoothing,
    seed,
    // Larger steps make a different winner of a pooling, by the last bits, into other losses.
    updates: Array.from({ length: STEPS }, (_, step) => ({ step: step + 1, learningRate: 0.0002 / (1 + (step % 4)) })),
  });

  /** Losses and parameters of networks that are trained side by side. */
  async function train(backend, recipe, input, seeds) {
    const model = lenet5({ ...recipe, input, classes: 10 });
    const networks = seeds.map(() => ({ ...recipe, model }));
    const engine = await backend.compile(networks, { batchSize: BATCH });
    for (const [network, seed] of seeds.entries()) {
      await engine.setParameters(initializeParameters(model, seed), network);
    }
    const images = await engine.load({ pixels: pixelsOf(input), labels });
    const results = await engine.train(
      images,
      seeds.map((seed) => sliceOf(recipe, seed)),
    );
    const parameters = [];
    for (const network of seeds.keys()) parameters.push([...(await engine.parameters(network)).values()]);
    const { arithmetic } = engine;
    engine.dispose();
    return { losses: results.map((result) => result.losses), parameters, arithmetic };
  }

  const equal = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  /** Augmented inputs, as the first layer gets them. */
  async function inputs(backend, augmentation, input) {
    const model = { input, layers: [{ type: "flatten" }, { type: "linear", name: "one", outFeatures: 2 }] };
    const normalization = { mean: [0.4], std: [0.3] };
    const options = { batchSize: COUNT, keepActivations: true };
    const engine = await backend.compile([{ model, normalization }], options);
    const images = await engine.load({ pixels: pixelsOf(input) });
    const [{ output }] = await engine.activations(images, { placements: { augmentation, seed: 3, epoch: 2 } });
    engine.dispose();
    return [...output.data];
  }

  const answer = { differences: [] };
  for (const { recipe: name, input } of cases) {
    const recipe = RECIPES[name];
    const [expected] = (await train(wasmBackend(), recipe, input, [1])).losses;
    const { losses, arithmetic } = await train(webgpuBackend(), recipe, input, [1]);
    const difference = Math.max(...losses[0].map((loss, place) => Math.abs(loss - expected[place])));
    answer.differences.push({ recipe: name, channels: input.channels, difference, steps: losses[0].length / BATCH });
    answer.arithmetic = arithmetic;
  }
  if (!checksFleet) return answer;
  const small = { channels: 1, height: 12, width: 12 };
  const fleet = await train(webgpuBackend(), RECIPES.improved, small, [1, 2, 2 ** 40 + 9]);
  const alone = await train(webgpuBackend(), RECIPES.improved, small, [2]);
  const { augmentation: tutorial } = RECIPES.improved;
  const strong = { ...tutorial, shift: 0.1, scale: 0.15, shear: 8, brightness: 0.2, erase: 0.35 };
  const shape = { channels: 3, height: 9, width: 11 };
  answer.fleet = {
    isMemberAlone: equal([fleet.losses[1], fleet.parameters[1]], [alone.losses[0], alone.parameters[0]]),
    differsFromOthers: !equal(fleet.parameters[0], fleet.parameters[1]),
    arePixelsEqual: equal(await inputs(webgpuBackend(), strong, shape), await inputs(wasmBackend(), strong, shape)),
  };
  return answer;
};
