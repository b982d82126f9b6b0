import type { Dataset } from "../data/dataset.js";
import { type OptimizerSettings, supportsFusedArithmetic, type WasmEngine } from "../engine/index.js";
import type { ImageShape, Model } from "../model/index.js";
import { RECIPES, type Recipe } from "../training/recipes.js";
import { type KernelTask, kernelTasks } from "./kernels.js";
import { measure, type Timing } from "./measure.js";
import { peakTask } from "./peak.js";
import { benchmarkModel, benchmarkPictures, drawTask, stepTasks } from "./steps.js";

/** First and third quartile of the figure beside it. */
export type Quartiles = readonly [number, number];

/** What one core can do at best in WebAssembly. */
export interface Peak {
  /** Multiplication and addition in one rounding. */
  readonly fused: boolean;
  readonly gflops: number;
  readonly gflopsQuartiles: Quartiles;
}

/** A kernel's work in a training step of 32, on one core. */
export interface KernelFigure {
  readonly name: string;
  readonly microseconds: number;
  readonly microsecondsQuartiles: Quartiles;
  readonly gflops: number;
  readonly percentOfPeak: number;
}

/** A kernel that does something else than multiply and add. */
export interface OtherKernelFigure {
  readonly recipe: string;
  readonly name: string;
  readonly microseconds: number;
  readonly microsecondsQuartiles: Quartiles;
}

/** A training step with the drawing of its augmentation, and a forward pass with its loss. */
export interface StepFigure {
  readonly recipe: string;
  /** CxHxW */
  readonly input: string;
  readonly batch: number;
  readonly threads: number;
  readonly trainMicroseconds: number;
  readonly trainMicrosecondsQuartiles: Quartiles;
  readonly forwardMicroseconds: number;
  readonly forwardMicrosecondsQuartiles: Quartiles;
}

/** What a picture takes on its way into a batch, on one core. */
export interface PictureFigure {
  readonly input: string;
  /** To draw crop, flip and rotation. */
  readonly drawMicroseconds: number;
  readonly drawMicrosecondsQuartiles: Quartiles;
  /** To normalise it into the engine's layout as it is. */
  readonly plainMicroseconds: number;
  readonly plainMicrosecondsQuartiles: Quartiles;
  /** The same, cropped, flipped and rotated. */
  readonly augmentedMicroseconds: number;
  readonly augmentedMicrosecondsQuartiles: Quartiles;
}

/** All figures are medians over rounds. */
export interface BenchmarkReport {
  /** Whether the engine multiplies and adds in one rounding here. */
  readonly fused: boolean;
  /** Of the arithmetic that the engine uses. */
  readonly peakGflops: number;
  readonly peakGflopsQuartiles: Quartiles;
  readonly peaks: readonly Peak[];
  readonly kernels: readonly KernelFigure[];
  readonly otherKernels: readonly OtherKernelFigure[];
  readonly pictures: readonly PictureFigure[];
  readonly steps: readonly StepFigure[];
  /** To emit and instantiate a model for batches of 32. */
  readonly compileMilliseconds: number;
  readonly compileMillisecondsQuartiles: Quartiles;
}

/** Compiles an engine for the platform. */
export type CompileEngine = (
  model: Model,
  options: {
    batchSize: number;
    threads: number;
    normalization: { readonly mean: number; readonly deviation: number };
    optimizer: OptimizerSettings;
  },
) => WasmEngine;

export interface BenchmarkOptions {
  readonly compile: CompileEngine;
  /** The most threads to measure with. */
  readonly threads: number;
  /** To spend on measuring, about; what has to be compiled comes on top. */
  readonly seconds: number;
  readonly onProgress?: (progress: { readonly doing: string; readonly done: number; readonly total: number }) => void;
}

const SIZES: readonly ImageShape[] = [
  { channels: 1, height: 28, width: 28 },
  { channels: 3, height: 32, width: 32 },
];
const BATCHES = [8, 32, 128];
const BATCH = 32;
const MEASURED_RECIPES = [RECIPES.paper, RECIPES.improved];

/** Shares of the time; the steps take what is left. */
const SHARES = { peak: 0.05, kernels: 0.2, pictures: 0.05, compile: 0.05 };

/** Measures what the machine can do, what the kernels make of it, and what steps of training and evaluation take. */
export async function runBenchmark(options: BenchmarkOptions): Promise<BenchmarkReport> {
  const { compile, threads, seconds } = options;
  const milliseconds = seconds * 1000;
  const datasets = SIZES.map(benchmarkPictures);
  const combinations = MEASURED_RECIPES.flatMap((recipe) =>
    datasets.flatMap((dataset) => BATCHES.map((batch) => ({ recipe, dataset, batch }))),
  );
  const total = 4 + combinations.length;
  let done = 0;
  const next = (doing: string) => options.onProgress?.({ doing, done: done++, total });

  next("peak");
  const peaks = await measurePeaks(milliseconds * SHARES.peak);
  const peak = peaks.at(-1)!;
  next("kernels");
  const { kernels, otherKernels } = await measureKernels(peak, milliseconds * SHARES.kernels);
  next("pictures");
  const pictures: PictureFigure[] = [];
  for (const dataset of datasets) {
    const share = (milliseconds * SHARES.pictures) / datasets.length;
    pictures.push(await measurePictures(compile, dataset, peak.fused, share));
  }
  next("compile");
  const [compiling] = await measure([compileTask(compile)], milliseconds * SHARES.compile);
  const left = 1 - SHARES.peak - SHARES.kernels - SHARES.pictures - SHARES.compile;
  const steps: StepFigure[] = [];
  for (const combination of combinations) {
    next(`${combination.recipe.name} ${sizeName(combination.dataset)}, batch ${combination.batch}`);
    const share = (milliseconds * left) / combinations.length;
    steps.push(...(await measureSteps(compile, combination, threads, share)));
  }
  return {
    fused: peak.fused,
    peakGflops: peak.gflops,
    peakGflopsQuartiles: peak.gflopsQuartiles,
    peaks,
    kernels,
    otherKernels,
    pictures,
    steps,
    compileMilliseconds: compiling.median / 1000,
    compileMillisecondsQuartiles: scaled(compiling.quartiles, 1 / 1000),
  };
}

/** Multiply and add, and fused where it is there. */
async function measurePeaks(milliseconds: number): Promise<Peak[]> {
  const kinds = supportsFusedArithmetic() ? [false, true] : [false];
  const tasks = kinds.map(peakTask);
  const timings = await measure(tasks, milliseconds);
  return kinds.map((fused, index) => {
    const { median, quartiles } = timings[index];
    const gflops = (microseconds: number) => gigaflops(tasks[index].multiplyAdds, microseconds);
    return { fused, gflops: gflops(median), gflopsQuartiles: [gflops(quartiles[1]), gflops(quartiles[0])] };
  });
}

/** Kernels of 1x28x28: those that multiply and add are the same in all recipes. */
async function measureKernels(
  peak: Peak,
  milliseconds: number,
): Promise<Pick<BenchmarkReport, "kernels" | "otherKernels">> {
  const candidates = MEASURED_RECIPES.flatMap((recipe) =>
    kernelTasks(benchmarkModel(recipe, SIZES[0]), {
      batchSize: BATCH,
      fused: peak.fused,
      optimizer: recipe.optimizer,
    }).map((task) => ({ recipe, task })),
  );
  const measured = candidates.filter(
    ({ recipe, task }) => task.multiplyAdds === undefined || recipe === MEASURED_RECIPES[0],
  );
  const timings = await measure(
    measured.map(({ task }) => task),
    milliseconds,
  );
  const kernels: KernelFigure[] = [];
  const otherKernels: OtherKernelFigure[] = [];
  measured.forEach(({ recipe, task }, index) => {
    const { median, quartiles } = timings[index];
    const figure = { name: task.name, microseconds: median, microsecondsQuartiles: quartiles };
    if (task.multiplyAdds === undefined) {
      otherKernels.push({ recipe: recipe.name, ...figure });
    } else {
      const gflops = gigaflops(task.multiplyAdds, median);
      kernels.push({ ...figure, gflops, percentOfPeak: (gflops / peak.gflops) * 100 });
    }
  });
  return { kernels, otherKernels };
}

async function measurePictures(
  compile: CompileEngine,
  dataset: Dataset,
  fused: boolean,
  milliseconds: number,
): Promise<PictureFigure> {
  const recipe = RECIPES.improved;
  const model = benchmarkModel(recipe, dataset);
  const engine = compile(model, { ...recipe, batchSize: BATCH, threads: 1 });
  const kernels = kernelTasks(model, { batchSize: BATCH, fused, optimizer: recipe.optimizer });
  const kernel = (name: string): KernelTask => kernels.find((task) => task.name === name)!;
  const [draw, plain, augmented] = await measure(
    [drawTask(engine, recipe, dataset), kernel("assemble.plain"), kernel("assemble.placed")],
    milliseconds,
  );
  engine.dispose();
  return {
    input: sizeName(dataset),
    drawMicroseconds: draw.median / BATCH,
    drawMicrosecondsQuartiles: scaled(draw.quartiles, 1 / BATCH),
    plainMicroseconds: plain.median / BATCH,
    plainMicrosecondsQuartiles: scaled(plain.quartiles, 1 / BATCH),
    augmentedMicroseconds: augmented.median / BATCH,
    augmentedMicrosecondsQuartiles: scaled(augmented.quartiles, 1 / BATCH),
  };
}

function compileTask(compile: CompileEngine) {
  const recipe = RECIPES.improved;
  const model = benchmarkModel(recipe, SIZES[0]);
  return { run: () => compile(model, { ...recipe, batchSize: BATCH, threads: 1 }).dispose() };
}

/** The same steps with one thread and with more, in turns. */
async function measureSteps(
  compile: CompileEngine,
  { recipe, dataset, batch }: { recipe: Recipe; dataset: Dataset; batch: number },
  mostThreads: number,
  milliseconds: number,
): Promise<StepFigure[]> {
  const model = benchmarkModel(recipe, dataset);
  const engines = threadCounts(mostThreads).map((threads) => compile(model, { ...recipe, batchSize: batch, threads }));
  for (const { ready } of engines) await ready;
  const tasks = engines.map((engine) => stepTasks(engine, recipe, dataset));
  const timings = await measure(
    tasks.flatMap(({ train, forward }) => [train, forward]),
    milliseconds,
  );
  return engines.map((engine, index) => {
    engine.dispose();
    const [train, forward]: Timing[] = timings.slice(2 * index);
    return {
      recipe: recipe.name,
      input: sizeName(dataset),
      batch,
      threads: engine.threads,
      trainMicroseconds: train.median,
      trainMicrosecondsQuartiles: train.quartiles,
      forwardMicroseconds: forward.median,
      forwardMicrosecondsQuartiles: forward.quartiles,
    };
  });
}

/** 1, 2, 4, … and the most. */
function threadCounts(most: number): number[] {
  const counts: number[] = [];
  for (let threads = 1; threads < most; threads *= 2) counts.push(threads);
  return [...counts, most];
}

function gigaflops(multiplyAdds: number, microseconds: number): number {
  return (2 * multiplyAdds) / (microseconds * 1000);
}

function scaled([low, high]: Quartiles, factor: number): Quartiles {
  return [low * factor, high * factor];
}

function sizeName({ channels, height, width }: ImageShape): string {
  return `${channels}x${height}x${width}`;
}
