import type { Dataset } from "../data/dataset.js";
import { supportsFusedArithmetic } from "../engine/wasm/features.js";
import type { StartThread } from "../engine/wasm/threads.js";
import { wasmBackend } from "../engine/wasm/wasmBackend.js";
import {
  BARRIERS,
  barrierWorkload,
  type KernelWorkload,
  kernelWorkloads,
  peakWorkload,
} from "../engine/wasm/workloads/index.js";
import type { ImageShape } from "../model/index.js";
import { RECIPES, type Recipe } from "../training/recipes/recipes.js";
import { measure, type Timing } from "./measure.js";
import { benchmarkImages, benchmarkModel, drawTask, stepTasks } from "./steps.js";

/** First and third quartile of the accompanying figure. */
export type Quartiles = readonly [number, number];

/** The peak performance of one core in WebAssembly. */
export interface Peak {
  /** Whether multiplication and addition are rounded once. */
  readonly fused: boolean;
  readonly gflops: number;
  readonly gflopsQuartiles: Quartiles;
}

/** A kernel's work in a training step of batch size 32, on one core. */
export interface KernelFigure {
  /** CxHxW */
  readonly input: string;
  readonly name: string;
  readonly microseconds: number;
  readonly microsecondsQuartiles: Quartiles;
  /** Counts the mathematical operations: a direct convolution's, although Winograd's filtering needs fewer. */
  readonly gflops: number;
  readonly percentOfPeak: number;
}

/** A kernel that does not multiply and add. */
export interface OtherKernelFigure {
  readonly input: string;
  readonly recipe: string;
  readonly name: string;
  readonly microseconds: number;
  readonly microsecondsQuartiles: Quartiles;
}

/** A training step including its augmentation draws, and a forward pass including the loss. */
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
  /** The engine's working memory: parameters, moments, a batch and its activations and gradients. */
  readonly memoryBytes: number;
}

/** One barrier of all threads of an engine. */
export interface BarrierFigure {
  readonly threads: number;
  readonly microseconds: number;
  readonly microsecondsQuartiles: Quartiles;
}

/** The time per image to assemble a batch, on one core. */
export interface ImageFigure {
  readonly input: string;
  /** Drawing crop, flip and rotation. */
  readonly drawMicroseconds: number;
  readonly drawMicrosecondsQuartiles: Quartiles;
  /** Normalising the image into the engine's layout. */
  readonly plainMicroseconds: number;
  readonly plainMicrosecondsQuartiles: Quartiles;
  /** The same with crop, flip and rotation. */
  readonly augmentedMicroseconds: number;
  readonly augmentedMicrosecondsQuartiles: Quartiles;
}

/** All figures are medians over rounds. */
export interface BenchmarkReport {
  /** Whether the engine multiplies and adds with one rounding on this machine. */
  readonly fused: boolean;
  /** The peak of the arithmetic that the engine uses. */
  readonly peakGflops: number;
  readonly peakGflopsQuartiles: Quartiles;
  readonly peaks: readonly Peak[];
  readonly kernels: readonly KernelFigure[];
  readonly otherKernels: readonly OtherKernelFigure[];
  readonly images: readonly ImageFigure[];
  readonly steps: readonly StepFigure[];
  readonly barriers: readonly BarrierFigure[];
  /** Emitting and instantiating a model for batches of 32. */
  readonly compileMilliseconds: number;
  readonly compileMillisecondsQuartiles: Quartiles;
  /** The same for the first model, before V8 has optimised the compiler itself. */
  readonly firstCompileMilliseconds: number;
}

export interface BenchmarkOptions {
  /** Without it, only one thread is measured. */
  readonly startThread?: StartThread;
  /** Measure all batch sizes and both image sizes. Default: only those that matter most. */
  readonly full?: boolean;
  /** The maximum number of threads to measure with. */
  readonly threads: number;
  /** Approximate measuring time, without compilation. */
  readonly seconds: number;
  readonly onProgress?: (progress: { readonly doing: string; readonly done: number; readonly total: number }) => void;
}

const GREY: ImageShape = { channels: 1, height: 28, width: 28 };
const COLOUR: ImageShape = { channels: 3, height: 32, width: 32 };
/** The batch sizes per image size, and whether to measure individual kernels. */
const BRIEF = [
  { size: GREY, batches: [1, 32], kernels: true },
  { size: COLOUR, batches: [32], kernels: false },
];
const FULL = [GREY, COLOUR].map((size) => ({ size, batches: [1, 8, 32, 128, 1024], kernels: true }));
const BATCH = 32;
const MEASURED_RECIPES = [RECIPES.paper, RECIPES.improved];

/** Fractions of the time; the steps get the rest. */
const SHARES = { peak: 0.05, kernels: 0.2, images: 0.05, barriers: 0.02, compile: 0.05 };

/** Measures the machine's peak performance, the kernels, and the time of training and evaluation steps. */
export async function runBenchmark(options: BenchmarkOptions): Promise<BenchmarkReport> {
  const { startThread, seconds } = options;
  const threads = startThread ? options.threads : 1;
  const milliseconds = seconds * 1000;
  const plan = (options.full ? FULL : BRIEF).map((part) => ({ ...part, dataset: benchmarkImages(part.size) }));
  const combinations = MEASURED_RECIPES.flatMap((recipe) =>
    plan.flatMap(({ dataset, batches }) => batches.map((batch) => ({ recipe, dataset, batch }))),
  );
  const total = 5 + combinations.length;
  let done = 0;
  const next = (doing: string) => options.onProgress?.({ doing, done: done++, total });

  next("compile");
  const compiling = compileTask();
  const start = performance.now();
  await compiling.run();
  const firstCompileMilliseconds = performance.now() - start;
  const [compiled] = await measure([compiling], milliseconds * SHARES.compile);
  next("peak");
  const peaks = await measurePeaks(milliseconds * SHARES.peak);
  const peak = peaks.at(-1)!;
  next("kernels");
  const kernelSizes = plan.filter(({ kernels }) => kernels).map(({ size }) => size);
  const { kernels, otherKernels } = await measureKernels(peak, kernelSizes, milliseconds * SHARES.kernels);
  next("images");
  const images: ImageFigure[] = [];
  for (const { dataset } of plan) {
    const share = (milliseconds * SHARES.images) / plan.length;
    images.push(await measureImages(dataset, peak.fused, share));
  }
  next("barrier");
  const barriers = startThread
    ? await measureBarriers(threadCounts(threads).slice(1), startThread, milliseconds * SHARES.barriers)
    : [];
  const left = 1 - Object.values(SHARES).reduce((sum, share) => sum + share, 0);
  const steps: StepFigure[] = [];
  for (const combination of combinations) {
    next(`${combination.recipe.name} ${sizeName(combination.dataset)}, batch ${combination.batch}`);
    const share = (milliseconds * left) / combinations.length;
    steps.push(...(await measureSteps(combination, threads, startThread, share)));
  }
  return {
    fused: peak.fused,
    peakGflops: peak.gflops,
    peakGflopsQuartiles: peak.gflopsQuartiles,
    peaks,
    kernels,
    otherKernels,
    images,
    steps,
    barriers,
    compileMilliseconds: compiled.median / 1000,
    compileMillisecondsQuartiles: scaled(compiled.quartiles, 1 / 1000),
    firstCompileMilliseconds,
  };
}

/** Measures separate multiplication and addition, and fused ones if supported. */
async function measurePeaks(milliseconds: number): Promise<Peak[]> {
  const kinds = supportsFusedArithmetic() ? [false, true] : [false];
  const tasks = kinds.map(peakWorkload);
  const timings = await measure(tasks, milliseconds);
  return kinds.map((fused, index) => {
    const { median, quartiles } = timings[index];
    const gflops = (microseconds: number) => gigaflops(tasks[index].multiplyAdds, microseconds);
    return { fused, gflops: gflops(median), gflopsQuartiles: [gflops(quartiles[1]), gflops(quartiles[0])] };
  });
}

/** Measures the kernels for the given image sizes; those that multiply and add are the same in all recipes. */
async function measureKernels(
  peak: Peak,
  sizes: readonly ImageShape[],
  milliseconds: number,
): Promise<Pick<BenchmarkReport, "kernels" | "otherKernels">> {
  const candidates = sizes.flatMap((size) =>
    MEASURED_RECIPES.flatMap((recipe) =>
      kernelWorkloads(benchmarkModel(recipe, size), {
        batchSize: BATCH,
        fused: peak.fused,
        optimizer: recipe.optimizer,
      }).map((task) => ({ input: sizeName(size), recipe, task })),
    ),
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
  measured.forEach(({ input, recipe, task }, index) => {
    const { median, quartiles } = timings[index];
    const figure = { input, name: task.name, microseconds: median, microsecondsQuartiles: quartiles };
    if (task.multiplyAdds === undefined) {
      otherKernels.push({ recipe: recipe.name, ...figure });
    } else {
      const gflops = gigaflops(task.multiplyAdds, median);
      kernels.push({ ...figure, gflops, percentOfPeak: (gflops / peak.gflops) * 100 });
    }
  });
  return { kernels, otherKernels };
}

async function measureBarriers(
  counts: readonly number[],
  startThread: StartThread,
  milliseconds: number,
): Promise<BarrierFigure[]> {
  const figures: BarrierFigure[] = [];
  for (const threads of counts) {
    const task = barrierWorkload(threads, startThread);
    await task.ready;
    const [{ median, quartiles }] = await measure([task], milliseconds / counts.length);
    task.dispose();
    figures.push({
      threads,
      microseconds: median / BARRIERS,
      microsecondsQuartiles: scaled(quartiles, 1 / BARRIERS),
    });
  }
  return figures;
}

async function measureImages(dataset: Dataset, fused: boolean, milliseconds: number): Promise<ImageFigure> {
  const recipe = RECIPES.improved;
  const model = benchmarkModel(recipe, dataset);
  const kernels = kernelWorkloads(model, { batchSize: BATCH, fused, optimizer: recipe.optimizer });
  const kernel = (name: string): KernelWorkload => kernels.find((task) => task.name === name)!;
  const [draw, plain, augmented] = await measure(
    [drawTask(BATCH, recipe, dataset), kernel("assemble.plain"), kernel("assemble.placed")],
    milliseconds,
  );
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

function compileTask() {
  const recipe = RECIPES.improved;
  const network = { model: benchmarkModel(recipe, GREY), ...recipe };
  return { run: async () => (await wasmBackend().compile([network], { batchSize: BATCH })).dispose() };
}

/** Measures the same steps with one thread and with more, alternating. */
async function measureSteps(
  { recipe, dataset, batch }: { recipe: Recipe; dataset: Dataset; batch: number },
  mostThreads: number,
  startThread: StartThread | undefined,
  milliseconds: number,
): Promise<StepFigure[]> {
  const network = { model: benchmarkModel(recipe, dataset), ...recipe };
  const engines = await Promise.all(
    threadCounts(mostThreads).map((count) => {
      const threads = startThread && { count, start: startThread };
      return wasmBackend({ threads }).compile([network], { batchSize: batch });
    }),
  );
  const tasks = await Promise.all(engines.map((engine) => stepTasks(engine, recipe, dataset)));
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
      memoryBytes: engine.memoryBytes,
    };
  });
}

/** 1, 2, 4, … and the maximum. */
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
