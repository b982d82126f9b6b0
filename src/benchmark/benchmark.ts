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
import { RECIPES, type Recipe } from "../training/recipes/index.js";
import { measure, type Timing } from "./measure.js";
import { benchmarkImages, benchmarkModel, drawTask, stepTasks } from "./steps.js";

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
  /** CxHxW */
  readonly input: string;
  readonly name: string;
  readonly microseconds: number;
  readonly microsecondsQuartiles: Quartiles;
  /** Of the operations that it stands for: a convolution's direct ones, though Winograd's filtering takes fewer. */
  readonly gflops: number;
  readonly percentOfPeak: number;
}

/** A kernel that does something else than multiply and add. */
export interface OtherKernelFigure {
  readonly input: string;
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
  /** Of all that the engine works in: parameters, moments, a batch and its activations and gradients. */
  readonly memoryBytes: number;
}

/** All threads of an engine meeting once. */
export interface BarrierFigure {
  readonly threads: number;
  readonly microseconds: number;
  readonly microsecondsQuartiles: Quartiles;
}

/** What an image takes on its way into a batch, on one core. */
export interface ImageFigure {
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
  readonly images: readonly ImageFigure[];
  readonly steps: readonly StepFigure[];
  readonly barriers: readonly BarrierFigure[];
  /** To emit and instantiate a model for batches of 32. */
  readonly compileMilliseconds: number;
  readonly compileMillisecondsQuartiles: Quartiles;
  /** The same for the first model, while the program that does it is not yet compiled well itself. */
  readonly firstCompileMilliseconds: number;
}

export interface BenchmarkOptions {
  /** Where there is none, nothing is measured with more than one thread. */
  readonly startThread?: StartThread;
  /** All batch sizes and both image sizes for everything, or the few that matter most. */
  readonly full?: boolean;
  /** The most threads to measure with. */
  readonly threads: number;
  /** To spend on measuring, about; what has to be compiled comes on top. */
  readonly seconds: number;
  readonly onProgress?: (progress: { readonly doing: string; readonly done: number; readonly total: number }) => void;
}

const GREY: ImageShape = { channels: 1, height: 28, width: 28 };
const COLOUR: ImageShape = { channels: 3, height: 32, width: 32 };
/** The batch sizes of an image size, and whether its kernels are measured one by one. */
const BRIEF = [
  { size: GREY, batches: [1, 32], kernels: true },
  { size: COLOUR, batches: [32], kernels: false },
];
const FULL = [GREY, COLOUR].map((size) => ({ size, batches: [1, 8, 32, 128, 1024], kernels: true }));
const BATCH = 32;
const MEASURED_RECIPES = [RECIPES.paper, RECIPES.improved];

/** Shares of the time; the steps take what is left. */
const SHARES = { peak: 0.05, kernels: 0.2, images: 0.05, barriers: 0.02, compile: 0.05 };

/** Measures what the machine can do, what the kernels make of it, and what steps of training and evaluation take. */
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

/** Multiply and add, and fused where it is there. */
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

/** The kernels for images of some sizes; those that multiply and add are the same in all recipes. */
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

/** The same steps with one thread and with more, in turns. */
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
