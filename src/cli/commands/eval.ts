import { Command, Option } from "commander";
import { splitIndices } from "../../data/split.js";
import { classCount, inferShapes } from "../../model/index.js";
import { type LoadedWeights, loadWeights } from "../../node/weights.js";
import { evaluateDataset } from "../../training/evaluate.js";
import type { Evaluation } from "../../training/metrics.js";
import { RECIPES } from "../../training/recipes.js";
import { openDataset } from "../data.js";
import { compileForNode } from "../engine.js";
import { formatEvaluation } from "../evaluationTable.js";
import { dataDirOption, dataOption, jsonOption, recipeOption, threadsOption } from "../options.js";
import { Terminal } from "../terminal.js";

interface EvalOptions {
  readonly data?: string;
  readonly dataDir?: string;
  readonly split: "test" | "val" | "train";
  readonly recipe?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** `lenet eval`: how well weights do on a data set. */
export function evalCommand(): Command {
  return new Command("eval")
    .description("evaluate weights: accuracy, loss, each class, confusion matrix")
    .argument("<weights>", "a .pth or .safetensors file, or a run folder (its best weights)")
    .addOption(dataOption())
    .addOption(dataDirOption())
    .addOption(
      new Option("--split <part>", "the images to take; val and train are the parts that a run was split into")
        .choices(["test", "val", "train"])
        .default("test"),
    )
    .addOption(recipeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(runEval);
}

/** Images that are evaluated at a time. */
const BATCH_SIZE = 32;

async function runEval(path: string, options: EvalOptions): Promise<void> {
  const terminal = new Terminal(options.json ? process.stderr : process.stdout);
  const weights = await loadWeights(path, options.recipe === undefined ? undefined : RECIPES[options.recipe]);
  const name = options.data ?? weights.metadata?.data ?? weights.run?.data.name ?? "fashion-mnist";
  const { run } = weights;
  const dataDir = options.dataDir ?? (run?.data.name === name ? run.data.directory : undefined);
  const dataset = await openDataset(name, options.split === "test" ? "test" : "train", { dataDir, terminal });
  requireSameShape(path, weights, dataset);
  const indices =
    options.split === "test" ? undefined : splitOfRun(path, weights, options.split, dataset.labels.length);
  const engine = compileForNode(weights.model, {
    batchSize: BATCH_SIZE,
    threads: options.threads,
    normalization: weights.normalization,
    optimizer: RECIPES.paper.optimizer,
  });
  engine.setParameters(weights.parameters);
  const evaluation = await evaluateDataset(engine, dataset, indices, {
    onProgress: (progress) => terminal.progress({ label: "evaluating", unit: "images", ...progress }),
  });
  terminal.clearBar();
  engine.dispose();
  if (options.json) {
    const output: Evaluation & { data: string; split: string } = { ...evaluation, data: name, split: options.split };
    process.stdout.write(`${JSON.stringify(output, undefined, 2)}\n`);
  } else {
    terminal.line(`${path} on the ${options.split} images of ${name}${dataset.generated ? " (generated)" : ""}`);
    terminal.line();
    terminal.line(formatEvaluation(evaluation));
  }
}

function requireSameShape(
  path: string,
  { model }: LoadedWeights,
  dataset: { name: string; channels: number; height: number; width: number; classes: readonly string[] },
): void {
  const { channels, height, width } = model.input;
  if (channels !== dataset.channels || height !== dataset.height || width !== dataset.width) {
    throw new Error(
      `${path} takes ${channels}x${height}x${width} pictures, ${dataset.name} has ${dataset.channels}x${dataset.height}x${dataset.width}`,
    );
  }
  const classes = classCount(inferShapes(model));
  if (classes !== dataset.classes.length) {
    throw new Error(`${path} tells ${classes} classes apart, ${dataset.name} has ${dataset.classes.length}`);
  }
}

/** The indices of a part of the run's own split of the training images. */
function splitOfRun(path: string, { run }: LoadedWeights, part: "val" | "train", count: number): Uint32Array {
  if (!run) throw new Error(`${path} does not say how its training images were split: name the run folder instead`);
  const split = splitIndices(count, run.recipe.validationShare, run.seed);
  return part === "val" ? split.validation : split.train;
}
