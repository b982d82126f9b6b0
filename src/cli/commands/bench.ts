import { availableParallelism, cpus, loadavg } from "node:os";
import { Command, Option } from "commander";
import { type BenchmarkReport, runBenchmark } from "../../benchmark/index.js";
import { enableFusedArithmetic, startThread } from "../../node/threads.js";
import { VERSION } from "../../version.js";
import { jsonOption, numberBetween, wholeNumber } from "../options.js";
import { table } from "../table.js";
import { Terminal } from "../terminal.js";

interface BenchOptions {
  readonly seconds?: number;
  readonly full?: boolean;
  readonly threads?: number;
  readonly json?: boolean;
}

/** Seconds to spend on measuring. */
const BRIEF_SECONDS = 10;
const FULL_SECONDS = 90;
/** Microseconds of a step below which a kernel is left out of the table. */
const WORTH_A_LINE = 1;

/** Where and when the figures were measured. */
export interface Environment {
  readonly lenet: string;
  readonly node: string;
  readonly v8: string;
  readonly processor: string;
  readonly cores: number;
  /** Processes that wanted a core in the minute before the benchmark: much above 0, others were at work. */
  readonly loadAverage: number;
}

/** `lenet bench`: how fast this machine computes, and what training and evaluation take on it. */
export function benchCommand(): Command {
  return new Command("bench")
    .description("measure the engine on this machine: peak, kernels, steps of training and evaluation")
    .addOption(
      new Option(
        "--seconds <x>",
        `time to spend on measuring, about (default: ${BRIEF_SECONDS}; ${FULL_SECONDS} with --full)`,
      ).argParser(numberBetween(0, 3600)),
    )
    .option("--full", "the long table: batches from 1 to 1024, kernels for both image sizes")
    .addOption(
      new Option("--threads <n>", "the most threads to measure with (default: one a core)").argParser(
        wholeNumber(1, 64),
      ),
    )
    .addOption(jsonOption())
    .action(runBench);
}

async function runBench({ seconds, full, threads = availableParallelism(), json }: BenchOptions): Promise<void> {
  enableFusedArithmetic();
  const terminal = new Terminal(json ? process.stderr : process.stdout);
  const environment: Environment = {
    lenet: VERSION,
    node: process.versions.node,
    v8: process.versions.v8,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    loadAverage: loadavg()[0],
  };
  const report = await runBenchmark({
    startThread,
    full,
    threads,
    seconds: seconds ?? (full ? FULL_SECONDS : BRIEF_SECONDS),
    onProgress: ({ doing, done, total }) =>
      terminal.progress({ label: "measuring", done, total, unit: "parts", details: doing }),
  });
  terminal.clearBar();
  if (json) process.stdout.write(`${JSON.stringify({ ...environment, ...report }, undefined, 2)}\n`);
  else terminal.line(formatBenchmark(environment, report));
}

/** The figures as tables; the quartiles of each behind it. */
export function formatBenchmark(environment: Environment, report: BenchmarkReport): string {
  const { node, v8, processor, cores, loadAverage } = environment;
  const peaks = report.peaks.map(({ fused, gflops, gflopsQuartiles }) => [
    fused ? "fused multiply-add" : "multiply, then add",
    spread(gflops, gflopsQuartiles, 1),
  ]);
  const kernels = report.kernels.map(({ input, name, microseconds, microsecondsQuartiles, gflops, percentOfPeak }) => [
    name,
    input,
    spread(microseconds, microsecondsQuartiles, 1),
    gflops.toFixed(1),
    `${percentOfPeak.toFixed(0)} %`,
  ]);
  const others = report.otherKernels
    .filter(({ microseconds }) => microseconds >= WORTH_A_LINE)
    .map(({ input, recipe, name, microseconds, microsecondsQuartiles }) => [
      name,
      recipe,
      input,
      spread(microseconds, microsecondsQuartiles, 1),
    ]);
  const images = report.images.map((figure) => [
    figure.input,
    spread(figure.drawMicroseconds, figure.drawMicrosecondsQuartiles, 2),
    spread(figure.plainMicroseconds, figure.plainMicrosecondsQuartiles, 2),
    spread(figure.augmentedMicroseconds, figure.augmentedMicrosecondsQuartiles, 2),
  ]);
  const steps = report.steps.map((figure) => [
    figure.recipe,
    figure.input,
    String(figure.batch),
    String(figure.threads),
    spread(figure.trainMicroseconds, figure.trainMicrosecondsQuartiles, 0),
    spread(figure.forwardMicroseconds, figure.forwardMicrosecondsQuartiles, 0),
    Math.round((figure.batch / figure.trainMicroseconds) * 1e6).toLocaleString("en-US"),
    (figure.memoryBytes / 2 ** 20).toFixed(1),
  ]);
  const barriers = report.barriers.map(({ threads, microseconds, microsecondsQuartiles }) => [
    String(threads),
    spread(microseconds, microsecondsQuartiles, 2),
  ]);
  return [
    `${processor}, ${cores} ${cores === 1 ? "core" : "cores"}, load ${loadAverage.toFixed(2)} before; Node ${node}, V8 ${v8}`,
    `The engine here ${report.fused ? "has" : "does not have"} fused arithmetic. Medians, quartiles in brackets.`,
    "",
    "Peak of one core in WebAssembly",
    ...table(["", "GFLOP/s"], peaks, 1),
    "",
    "Kernels of a training step of 32, one thread; operations counted as a direct convolution's",
    ...table(["kernel", "input", "µs", "GFLOP/s", "of peak"], kernels, 2),
    "",
    `Kernels that do not multiply and add (${WORTH_A_LINE} µs or more)`,
    ...table(["kernel", "recipe", "input", "µs"], others, 3),
    "",
    "An image on its way into a batch, one thread, µs",
    ...table(["input", "draw", "plain", "augmented"], images, 1),
    "",
    ...(barriers.length > 0 ? ["A barrier, µs", ...table(["threads", "µs"], barriers, 0), ""] : []),
    "Steps, augmentation included",
    ...table(["recipe", "input", "batch", "threads", "train µs", "forward µs", "train images/s", "MB"], steps, 2),
    "",
    `Compiling a model: ${spread(report.compileMilliseconds, report.compileMillisecondsQuartiles, 1)} ms, the first ${report.firstCompileMilliseconds.toFixed(0)} ms`,
  ].join("\n");
}

function spread(median: number, [low, high]: readonly [number, number], digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}
