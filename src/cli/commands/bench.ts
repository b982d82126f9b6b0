import { availableParallelism, cpus, loadavg } from "node:os";
import { Command, Option } from "commander";
import { type BenchmarkReport, type FleetFigure, runBenchmark, runCardBenchmark } from "../../benchmark/index.js";
import { MOST_THREADS } from "../../engine/wasm/threads.js";
import { enableFusedArithmetic, startThread } from "../../node/threads.js";
import { VERSION } from "../../version.js";
import { type DeviceChoice, describeCard, deviceOption, openDevice } from "../device.js";
import { messages } from "../messages/index.js";
import { integer, jsonOption, numberBetween } from "../options.js";
import { table } from "../table.js";
import { Terminal } from "../terminal.js";
import { toJson } from "../text.js";

interface BenchOptions {
  readonly seconds?: number;
  readonly full?: boolean;
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly json?: boolean;
}

/** Default measuring time, in seconds. */
const BRIEF_SECONDS = 10;
const FULL_SECONDS = 90;
/** Kernels that take fewer microseconds per step are omitted from the table. */
const LEAST_MICROSECONDS = 1;

/** The load average for each core above which figures are not to be trusted. */
const LARGEST_LOAD = 0.25;

/** Where and when the figures were measured. */
export interface Environment {
  readonly lenet: string;
  readonly node: string;
  readonly v8: string;
  readonly processor: string;
  readonly cores: number;
  /** The load average of the minute before the benchmark. If it is well above 0, other processes were running. */
  readonly loadAverage: number;
}

/** `lenet bench`: measures the speed of kernels, training and evaluation on this machine. */
export function benchCommand(): Command {
  return new Command("bench")
    .description("measure the speed on this machine: peak, kernels, training and evaluation steps")
    .addOption(
      new Option(
        "--seconds <x>",
        `approximate measuring time (default: ${BRIEF_SECONDS}; ${FULL_SECONDS} with --full)`,
      ).argParser(numberBetween(0, 3600)),
    )
    .option("--full", "measure more: batch sizes from 1 to 1024, kernels for both image sizes")
    .addOption(
      new Option("--threads <n>", "maximum number of threads (default: one per core)").argParser(
        integer(1, MOST_THREADS),
      ),
    )
    .addOption(deviceOption("cpu"))
    .addOption(jsonOption())
    .action((options: BenchOptions) => (options.device === "gpu" ? benchCard(options) : runBench(options)));
}

async function runBench({
  seconds,
  full,
  threads = Math.min(availableParallelism(), MOST_THREADS),
  json,
}: BenchOptions): Promise<void> {
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
  const busy = environment.loadAverage / environment.cores;
  if (busy > LARGEST_LOAD) {
    terminal.warn(messages.busy(environment.loadAverage.toFixed(1), environment.cores));
  }
  const report = await runBenchmark({
    startThread,
    full,
    threads,
    seconds: seconds ?? (full ? FULL_SECONDS : BRIEF_SECONDS),
    onProgress: ({ doing, done, total }) =>
      terminal.progress({ label: messages.measuring, done, total, unit: "parts", details: doing }),
  });
  terminal.clearBar();
  if (json) process.stdout.write(`${toJson({ ...environment, ...report }, 2)}\n`);
  else terminal.line(formatBenchmark(environment, report));
}

/** Measures the training steps of fleets on a graphics card. */
async function benchCard({ seconds, full, json, device: choice }: BenchOptions): Promise<void> {
  const terminal = new Terminal(json ? process.stderr : process.stdout);
  const device = await openDevice({ device: choice }, undefined, terminal);
  const card = device.card!;
  const figures = await runCardBenchmark({
    backend: device.backend(1),
    isSoftware: card.isSoftware,
    full,
    seconds: seconds ?? (full ? FULL_SECONDS : BRIEF_SECONDS),
    onProgress: ({ doing, done, total }) =>
      terminal.progress({ label: messages.measuring, done, total, unit: "parts", details: doing }),
  });
  terminal.clearBar();
  if (json) process.stdout.write(`${toJson({ lenet: VERSION, card, fleets: figures }, 2)}\n`);
  else terminal.line([describeCard(card), "", ...formatFleets(figures)].join("\n"));
}

function formatFleets(figures: readonly FleetFigure[]): string[] {
  const says = messages.bench;
  const rows = figures.map((figure) => [
    figure.recipe,
    String(figure.networks),
    spread(figure.trainMicroseconds, figure.trainMicrosecondsQuartiles, 0),
    (figure.trainMicroseconds / figure.networks).toFixed(1),
    (figure.memoryBytes / 2 ** 20).toFixed(1),
  ]);
  return [says.fleets, ...table(says.fleetColumns, rows, 1)];
}

/** The results as tables, each median followed by its quartiles. */
export function formatBenchmark(environment: Environment, report: BenchmarkReport): string {
  const { node, v8, processor, cores, loadAverage } = environment;
  const says = messages.bench;
  const peaks = report.peaks.map(({ fused, gflops, gflopsQuartiles }) => [
    fused ? says.fused : says.separate,
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
    .filter(({ microseconds }) => microseconds >= LEAST_MICROSECONDS)
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
    says.machine(processor, cores, loadAverage.toFixed(2), `Node ${node}, V8 ${v8}`),
    says.arithmetic(report.fused),
    "",
    says.peak,
    ...table(["", "GFLOP/s"], peaks, 1),
    "",
    says.kernels,
    ...table(says.kernelColumns, kernels, 2),
    "",
    says.otherKernels(LEAST_MICROSECONDS),
    ...table(says.otherColumns, others, 3),
    "",
    says.images,
    ...table(says.imageColumns, images, 1),
    "",
    ...(barriers.length > 0 ? [says.barrier, ...table(says.barrierColumns, barriers, 0), ""] : []),
    says.steps,
    ...table(says.stepColumns, steps, 2),
    "",
    says.compiling(
      spread(report.compileMilliseconds, report.compileMillisecondsQuartiles, 1),
      report.firstCompileMilliseconds.toFixed(0),
    ),
  ].join("\n");
}

function spread(median: number, [low, high]: readonly [number, number], digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}
