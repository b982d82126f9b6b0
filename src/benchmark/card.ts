import type { Backend, Engine } from "../engine/backend.js";
import { initializeParameters } from "../model/index.js";
import { placementsFor } from "../training/epochs.js";
import { RECIPES, type Recipe } from "../training/recipes/recipes.js";
import { scheduleAt } from "../training/recipes/schedules.js";
import { measure, type Task } from "./measure.js";
import { benchmarkImages, benchmarkModel } from "./steps.js";

/** Networks that are trained side by side. */
export interface FleetFigure {
  readonly recipe: string;
  readonly batch: number;
  readonly networks: number;
  /** A training step of all networks, including augmentation. */
  readonly trainMicroseconds: number;
  readonly trainMicrosecondsQuartiles: readonly [number, number];
  /** The working memory of all networks. */
  readonly memoryBytes: number;
}

/** What to measure on a graphics card. */
export interface CardBenchmarkOptions {
  readonly backend: Backend;
  /** A software card is so slow that only a single network is measured, step by step. */
  readonly isSoftware: boolean;
  readonly full?: boolean;
  /** Approximate measuring time. */
  readonly seconds: number;
  readonly onProgress?: (progress: { readonly doing: string; readonly done: number; readonly total: number }) => void;
}

const INPUT = { channels: 1, height: 28, width: 28 };
const BATCH = 32;
/** Enough to keep a card busy while the host prepares the next call. */
const STEPS_PER_CALL = 64;

/** Measures the training steps of one network and of fleets on a graphics card. */
export async function runCardBenchmark(options: CardBenchmarkOptions): Promise<FleetFigure[]> {
  const { backend, isSoftware, full = false, seconds, onProgress } = options;
  const sizes = isSoftware ? [1] : full ? [1, 4, 16, 64, 256] : [1, 16, 64];
  const recipes = isSoftware ? [RECIPES.improved] : [RECIPES.paper, RECIPES.improved];
  const combinations = recipes.flatMap((recipe) => sizes.map((networks) => ({ recipe, networks })));
  const figures: FleetFigure[] = [];
  for (const [done, { recipe, networks }] of combinations.entries()) {
    onProgress?.({ doing: `${recipe.name}, networks: ${networks}`, done, total: combinations.length });
    const network = { model: benchmarkModel(recipe, INPUT), ...recipe };
    const engine = await backend.compile(Array(networks).fill(network), { batchSize: BATCH });
    try {
      const task = await fleetTask(engine, recipe, isSoftware ? 1 : STEPS_PER_CALL);
      const [{ median, quartiles }] = await measure([task], (seconds * 1000) / combinations.length);
      figures.push({
        recipe: recipe.name,
        batch: BATCH,
        networks,
        trainMicroseconds: median,
        trainMicrosecondsQuartiles: quartiles,
        memoryBytes: engine.memoryBytes,
      });
    } finally {
      engine.dispose();
    }
  }
  return figures;
}

/** A call that trains all networks, each with its own seed, for some steps. */
async function fleetTask(engine: Engine, recipe: Recipe, repeats: number): Promise<Task> {
  const dataset = benchmarkImages(INPUT);
  const images = await engine.load({ pixels: dataset.images, labels: dataset.labels });
  for (const [network, model] of engine.models.entries()) {
    await engine.setParameters(initializeParameters(model, network), network);
  }
  const { labelSmoothing, schedule } = recipe;
  const indices = Uint32Array.from({ length: repeats * BATCH }, (_, place) => place % dataset.labels.length);
  let step = 0;
  const run = () => {
    const updates = Array.from({ length: repeats }, (_, ahead) => ({
      step: step + ahead + 1,
      ...scheduleAt(schedule, (step + ahead) % 1000, 1000),
    }));
    step += repeats;
    const slices = engine.models.map((_, seed) => {
      const placements = placementsFor({ recipe, seed }, 1);
      return { indices, placements, labelSmoothing, seed, updates };
    });
    return engine.train(images, slices);
  };
  return { repeats, run };
}
