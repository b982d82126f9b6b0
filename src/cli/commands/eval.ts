import { Command, Option } from "commander";
import type { Dataset } from "../../data/dataset.js";
import { splitTraining } from "../../data/split.js";
import type { ModelMetadata } from "../../model/index.js";
import { classCount, fingerprint, inferShapes } from "../../model/index.js";
import type { LoadedWeights } from "../../node/loadWeights.js";
import { DATA_NAMES, type DataSettings, type OpenedData } from "../../node/openData.js";
import { evaluateDataset } from "../../training/evaluate.js";
import type { Evaluation } from "../../training/metrics.js";
import type { RecipeName } from "../../training/recipes/recipes.js";
import { dataOfRun, listSkipped, openForCommand } from "../data.js";
import { type DeviceChoice, deviceOption, openDevice } from "../device.js";
import { evaluationCsv, formatEvaluation } from "../evaluationTable.js";
import { messages } from "../messages/index.js";
import {
  type Arithmetic,
  arithmeticOption,
  backgroundByte,
  backgroundOption,
  dataDirOption,
  dataOption,
  fitOption,
  type ImageOptions,
  jsonOption,
  threadsOption,
  weightsRecipeOption,
} from "../options.js";
import { Terminal } from "../terminal.js";
import { printable, toJson } from "../text.js";
import { engineFor, openWeights, WEIGHTS_HELP } from "../weights.js";

interface EvalOptions extends Partial<ImageOptions> {
  readonly data?: string;
  readonly dataDir?: string;
  readonly split: "test" | "val" | "train";
  readonly recipe?: RecipeName;
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly arithmetic?: Arithmetic;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** The output of `--json`. */
interface EvalOutput extends Evaluation {
  readonly data: string;
  readonly split: string;
  /** Of the weights, see {@link fingerprint}. */
  readonly fingerprint: string;
}

/** `lenet eval`: evaluates weights on a data set. */
export function evalCommand(): Command {
  return new Command("eval")
    .description("evaluate weights: accuracy, loss, per-class metrics, confusion matrix")
    .argument("<weights>", WEIGHTS_HELP)
    .addOption(dataOption("the one the weights were trained on"))
    .addOption(dataDirOption())
    .addOption(fitOption("as in training"))
    .addOption(backgroundOption("as in training"))
    .addOption(
      new Option("--split <part>", "images to evaluate; val and train need a run folder")
        .choices(["test", "val", "train"])
        .default("test"),
    )
    .addOption(weightsRecipeOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(arithmeticOption())
    .addOption(jsonOption())
    .addOption(new Option("--csv", "print the classes' metrics and the confusion matrix as CSV").conflicts("json"))
    .action(runEval);
}

async function runEval(path: string, options: EvalOptions): Promise<void> {
  const terminal = new Terminal(options.json || options.csv ? process.stderr : process.stdout);
  const weights = await openWeights(path, options.recipe);
  const settings = dataFor(path, weights, options);
  const data = await openForCommand(settings, { terminal });
  const { dataset, indices } = await imagesOf(path, weights, data, options.split);
  terminal.clearBar();
  requireClasses(path, weights, dataset, terminal);
  const device = await openDevice(options, undefined, terminal);
  const engine = await engineFor(weights, options, device);
  const evaluation = await evaluateDataset(engine, dataset, indices, {
    onProgress: (progress) => terminal.progress({ label: messages.evaluating, unit: "images", ...progress }),
  });
  terminal.clearBar();
  engine.dispose();
  const { name } = data;
  const weightsFingerprint = await fingerprint(weights.model, weights.parameters);
  if (options.json) {
    const output: EvalOutput = { ...evaluation, data: name, split: options.split, fingerprint: weightsFingerprint };
    process.stdout.write(`${toJson(output, 2)}\n`);
  } else if (options.csv) {
    process.stdout.write(evaluationCsv(evaluation));
  } else {
    terminal.line(printable(messages.evaluated(path, options.split, name, dataset.generated)));
    terminal.line();
    terminal.line(formatEvaluation(evaluation));
    terminal.line();
    terminal.line(messages.fingerprintOfWeights(weightsFingerprint));
  }
  listSkipped(data, terminal);
}

/** The data to evaluate on. Images are resized as in training unless the options say otherwise. */
function dataFor(path: string, { model, metadata, run }: LoadedWeights, options: EvalOptions): DataSettings {
  const { data, dataDir } = run ? dataOfRun(run, options) : options;
  return {
    data: data ?? knownData(path, metadata),
    dataDir,
    input: model.input,
    resize: options.fit ?? metadata?.framing?.resize ?? "contain",
    background: options.background ? backgroundByte(options.background) : (metadata?.framing?.background ?? 0),
  };
}

/** The name of the data set that the weights were trained on. Default: Fashion-MNIST, for weights without metadata. */
function knownData(path: string, metadata: ModelMetadata | undefined): string {
  const name = metadata?.data ?? "fashion-mnist";
  if (DATA_NAMES.includes(name)) return name;
  throw new Error(`${path} was trained on "${name}", which is not a known data set: give its folder with --data`);
}

/** The images of a part: the test images, or the training or validation images as the run split them. */
async function imagesOf(
  path: string,
  { run }: LoadedWeights,
  data: OpenedData,
  part: EvalOptions["split"],
): Promise<{ dataset: Dataset; indices?: Uint32Array }> {
  if (part === "test") {
    const dataset = await data.test();
    if (!dataset) throw new Error(`${data.name} has no test images: try --split val`);
    return { dataset };
  }
  if (!run) throw new Error(`${path} does not say how the training images were split: give the run folder instead`);
  const parts = await data.train();
  const split = splitTraining(parts, run.recipe.validationFraction, run.seed, run.recipe.fold);
  return { dataset: parts.train, indices: part === "val" ? split.validation : split.train };
}

/** Warns if weights and data set name their classes differently. @throws Error if the numbers of classes differ */
function requireClasses(
  path: string,
  { model, metadata }: LoadedWeights,
  { name, classes }: Dataset,
  terminal: Terminal,
): void {
  const count = classCount(inferShapes(model));
  if (count !== classes.length) {
    throw new Error(`${path} has ${count} classes, ${name} has ${classes.length}`);
  }
  const other = metadata?.classes?.findIndex((label, index) => label !== classes[index]) ?? -1;
  if (other !== -1) {
    terminal.warn(
      `${path} was trained on other classes: class ${other} is "${metadata?.classes?.[other]}" there, but "${classes[other]}" in ${name}`,
    );
  }
}
