import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import type { Backend } from "../../engine/backend.js";
import { fingerprint } from "../../model/index.js";
import { loadWeights } from "../../node/loadWeights.js";
import { readRun, runFolderOf } from "../../node/runFiles.js";
import { loadRecordedTeacher } from "../../node/teachers.js";
import { bestWeights } from "../../runs/bestWeights.js";
import { describeDevice, isSameDevice, type RunConfig } from "../../runs/config.js";
import type { RunRecord } from "../../runs/record.js";
import { RUN_FILES } from "../../runs/runFolderFiles.js";
import { type EpochRecord, runEpochs } from "../../training/epochs.js";
import { compilePlan, planWith } from "../../training/plan.js";
import { openTeacher, type Teacher } from "../../training/teacher.js";
import { dataOfRun, type LoadedData, loadSameData } from "../data.js";
import { openDevice } from "../device.js";
import { withInterrupt } from "../interrupt.js";
import { messages } from "../messages/index.js";
import { dataDirOption, dataOption, jsonOption, threadsOption } from "../options.js";
import { formatPercent, Terminal } from "../terminal.js";
import { toJson } from "../text.js";
import { arithmeticOfRun, resumeOn } from "../training/train.js";

interface ProveOptions {
  readonly data?: string;
  readonly dataDir?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** What came of a proof, and the output of `--json`. */
interface Proof {
  readonly run: string;
  readonly proved: boolean;
  /** What the run says. */
  readonly claimed: string;
  /** What came out. */
  readonly fingerprint: string;
  /** The first epoch with other losses or accuracies than the run's history; null if there is none. */
  readonly differsFromEpoch: number | null;
}

/** `lenet prove`: trains a run again and compares the fingerprint of its weights. */
export function proveCommand(): Command {
  return new Command("prove")
    .description("train a finished run again from its config.json alone and compare the fingerprint of its weights")
    .argument("<run>", "run folder; nothing in it is changed")
    .addOption(dataOption("where the run found it"))
    .addOption(dataDirOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (path: string, options: ProveOptions) => {
      const proved = await withInterrupt((signal) => prove(path, options, signal));
      if (!proved) process.exitCode = 1;
    });
}

/** @returns whether the fingerprints are equal @throws Error naming what is missing here to repeat the run */
async function prove(given: string, options: ProveOptions, signal: AbortSignal): Promise<boolean> {
  const { threads, json } = options;
  const terminal = new Terminal(json ? process.stderr : process.stdout);
  const path = await runFolderOf(given);
  const record = await readRun(path);
  const claimed = await claimOf(path, record);
  const { config, history } = record;
  const backend = await backendOf(path, config, { terminal, threads });
  const data = await loadSameData(path, config.data, dataOfRun(config, options), { terminal, signal });
  terminal.line(messages.repeating(path, history.length, config.arithmetic));
  const repeated = await repeat(record, data, { terminal, signal, backend });
  const proof: Proof = {
    run: path,
    proved: repeated.fingerprint === claimed,
    claimed,
    fingerprint: repeated.fingerprint,
    differsFromEpoch: firstDifference(history, repeated.history),
  };
  if (json) process.stdout.write(`${toJson(proof, 2)}\n`);
  else for (const line of linesOf(proof)) terminal.line(line);
  return proof.proved;
}

/**
 * The fingerprint that a finished run claims. Runs of early versions have only their weights; a claim can also be made
 * without them.
 */
async function claimOf(path: string, { result }: RunRecord): Promise<string> {
  if (!result) throw new Error(`${path} is not finished: it claims nothing that could be proved`);
  const hasWeights = existsSync(join(path, RUN_FILES.safetensors));
  if (result.fingerprint !== undefined && !hasWeights) return result.fingerprint;
  const { model, parameters } = await loadWeights(path);
  const ofWeights = await fingerprint(model, parameters);
  if (result.fingerprint === undefined || result.fingerprint === ofWeights) return ofWeights;
  throw new Error(
    `${path} contradicts itself: its result claims the fingerprint ${result.fingerprint}, its weights have ${ofWeights}`,
  );
}

/** What computed the run, as far as that is here. @throws Error if it is not, or if the run has moved */
async function backendOf(
  path: string,
  config: RunConfig,
  { terminal, threads }: { readonly terminal: Terminal; readonly threads?: number },
): Promise<Backend> {
  if (config.earlierDevices?.length) {
    throw new Error(`${path} moved from one device to another, so it cannot be trained again from its start`);
  }
  const device = await openDevice({ device: resumeOn(undefined, config).choice }, undefined, terminal);
  const here = { ...config, card: device.card };
  if (device.card && !isSameDevice(config, here)) {
    throw new Error(`${path} was trained with ${describeDevice(config)}, but the card here is ${device.card.name}`);
  }
  const arithmetic = device.card ? undefined : arithmeticOfRun(path, config, false);
  return device.backend(config.recipe.batchSize, { threads, arithmetic });
}

/** Trains a run again, in memory. @throws Error if other kernels than those here trained it */
async function repeat(
  { path, config }: RunRecord,
  data: LoadedData,
  {
    terminal,
    signal,
    backend,
  }: { readonly terminal: Terminal; readonly signal: AbortSignal; readonly backend: Backend },
): Promise<{ readonly fingerprint: string; readonly history: readonly EpochRecord[] }> {
  const { recipe } = config;
  const plan = planWith(config, data.parts);
  const loaded = config.teachers && (await loadRecordedTeacher(config.teachers));
  const engine = await compilePlan(plan, backend);
  const history: EpochRecord[] = [];
  let teacher: Teacher | undefined;
  try {
    if (!isSameDevice(config, { ...config, kernels: engine.kernels })) {
      throw new Error(
        `${path} was trained with ${describeDevice(config)}, but this version has kernels ${engine.kernels}, which come to other bits`,
      );
    }
    // A proof trusts no answers that were kept.
    teacher = loaded && (await openTeacher(loaded.source, plan.dataset, recipe.augmentation, backend));
    const epochs = runEpochs({
      ...plan,
      engine,
      teacher,
      signal,
      onProgress: ({ epoch, phase, done, total }) =>
        terminal.progress({ label: messages.epochProgress(epoch, recipe.epochs, phase), done, total, unit: "images" }),
    });
    for (;;) {
      const next = await epochs.next();
      if (next.done) {
        const { model, parameters } = await bestWeights(config, next.value);
        return { fingerprint: await fingerprint(model, parameters), history };
      }
      const { record } = next.value;
      history.push(record);
      terminal.detail(messages.provedEpoch(record.epoch, recipe.epochs, formatPercent(record.validationAccuracy)));
    }
  } finally {
    terminal.clearBar();
    teacher?.dispose();
    engine.dispose();
  }
}

/** The first epoch that is not the same in both histories, apart from its times; null if there is none. */
function firstDifference(claimed: readonly EpochRecord[], repeated: readonly EpochRecord[]): number | null {
  const bits = (record: EpochRecord | undefined) =>
    record && JSON.stringify({ ...record, trainSeconds: 0, validationSeconds: 0 });
  const epochs = Math.max(claimed.length, repeated.length);
  for (let index = 0; index < epochs; index++) {
    if (bits(claimed[index]) !== bits(repeated[index])) return index + 1;
  }
  return null;
}

function linesOf({ run, proved, claimed, fingerprint: repeated, differsFromEpoch }: Proof): string[] {
  const line = messages.fingerprintOfBest(repeated);
  return [line, proved ? messages.proved(run) : messages.notProved(run, claimed, differsFromEpoch)];
}
