import { Command, Option } from "commander";
import { classCount, inferShapes } from "../../model/index.js";
import { findImages, type ImageSource } from "../../node/imageSources.js";
import type { LoadedWeights } from "../../node/loadWeights.js";
import { predictImages } from "../../node/predictImages.js";
import type { RecipeName } from "../../training/recipes/recipes.js";
import { type DeviceChoice, deviceOption, openDevice } from "../device.js";
import { withInterrupt } from "../interrupt.js";
import { counted } from "../messages/counted.js";
import { messages } from "../messages/index.js";
import {
  type Arithmetic,
  arithmeticOption,
  backgroundByte,
  backgroundOption,
  fitOption,
  type ImageOptions,
  integer,
  jsonOption,
  threadsOption,
  weightsRecipeOption,
} from "../options.js";
import { csvOutput, jsonOutput, type PredictionOutput, tableOutput } from "../predictionOutput.js";
import { withStandardInput } from "../standardInput.js";
import { Terminal } from "../terminal.js";
import { printable } from "../text.js";
import { areFramedDigits, hasLightBackground, isFramedUnlikeMnist, isLightOnBlack } from "../unlikeTraining.js";
import { engineFor, openWeights, WEIGHTS_HELP } from "../weights.js";

interface PredictOptions extends Partial<ImageOptions> {
  readonly invert?: boolean;
  readonly top: number;
  readonly recipe?: RecipeName;
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly arithmetic?: Arithmetic;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `lenet predict`: classifies images. */
export function predictCommand(): Command {
  return new Command("predict")
    .description("classify images of any size")
    .argument("<weights>", WEIGHTS_HELP)
    .argument(
      "<images...>",
      "image files (PNG, JPEG, WebP, GIF, BMP, TIFF), IDX files, folders of images, or - for standard input",
    )
    .addOption(fitOption("as in training"))
    .addOption(backgroundOption("as in training"))
    .addOption(new Option("--invert", "invert the images first, for ink on paper"))
    .addOption(
      new Option("--top <k>", "number of classes to show for each image").argParser(integer(1, 1000)).default(3),
    )
    .addOption(weightsRecipeOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(arithmeticOption())
    .addOption(jsonOption())
    .addOption(new Option("--csv", "print CSV").conflicts("json"))
    .action((path: string, paths: string[], options: PredictOptions) =>
      withInterrupt((signal) => runPredict(path, paths, options, signal)),
    );
}

async function runPredict(
  path: string,
  paths: readonly string[],
  options: PredictOptions,
  signal: AbortSignal,
): Promise<void> {
  // Results go to standard output, everything else to standard error.
  const terminal = new Terminal(process.stderr);
  const weights = await openWeights(path, options.recipe);
  const { sources, passedOver, unreachable } = await findImages(paths);
  if (sources.length + unreachable.length === 0) throw new Error(`no images in ${paths.join(", ")}`);
  const images = await withStandardInput(sources, signal);
  const counts = await predictAll(weights, images, { ...options, terminal, signal });
  for (const { path, reason } of unreachable) terminal.line(printable(`${path}: ${messages.imageReason(reason)}`));
  if (passedOver > 0) terminal.line(messages.ignored(passedOver));
  const { data } = weights.metadata ?? {};
  if (counts.light > counts.read / 2) {
    const remedy = areFramedDigits(data) ? "--fit digit" : "--invert";
    terminal.warn(messages.lightBackground(counts.light, data ?? "", remedy));
  } else if (counts.misframed > counts.read / 2) {
    terminal.warn(messages.misframed(counts.misframed, data ?? ""));
  }
  const unreadable = unreachable.length + counts.unreadable;
  if (unreadable > 0) {
    throw new Error(`${unreadable} of ${counted(images.length + unreachable.length, "image")} cannot be read`);
  }
}

/** Counts of images. */
interface Counts {
  read: number;
  unreadable: number;
  /** Images read that have a light background although the network was trained on light on black. */
  light: number;
  /** Images read whose ink is framed unlike the digits that the network was trained on. */
  misframed: number;
}

/** Classifies images and prints the predictions, until standard output is closed. */
async function predictAll(
  weights: LoadedWeights,
  images: readonly ImageSource[],
  options: PredictOptions & { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<Counts> {
  const { invert, threads, terminal, signal } = options;
  const { model, metadata } = weights;
  const counts: Counts = { read: 0, unreadable: 0, light: 0, misframed: 0 };
  const resize = options.fit ?? metadata?.framing?.resize ?? "contain";
  const isFramed = resize === "digit";
  const mayBeLight = !invert && !isFramed && isLightOnBlack(metadata?.data);
  const mayBeMisframed = !isFramed && areFramedDigits(metadata?.data);
  const output = outputFor(weights, images, options);
  const device = await openDevice(options, undefined, terminal);
  const engine = await engineFor(weights, options, device);
  try {
    await print(output.begin);
    const results = predictImages(engine, images, {
      resize,
      background: options.background ? backgroundByte(options.background) : (metadata?.framing?.background ?? 0),
      invert,
      threads,
      signal,
      onProgress: (progress) => terminal.progress({ label: messages.predicting, unit: "images", ...progress }),
    });
    for await (const result of results) {
      if (process.stdout.destroyed) return counts;
      terminal.clearBar();
      if ("reason" in result) {
        counts.unreadable++;
        terminal.line(printable(`${result.file}: ${messages.imageReason(result.reason)}`));
      } else {
        counts.read++;
        if (mayBeLight && hasLightBackground(result.pixels, model.input)) counts.light++;
        if (mayBeMisframed && isFramedUnlikeMnist(result.pixels, model.input)) counts.misframed++;
        await print(output.row(result));
      }
    }
    await print(output.end);
    return counts;
  } finally {
    terminal.clearBar();
    engine.dispose();
  }
}

function outputFor(
  { model, metadata }: LoadedWeights,
  images: readonly ImageSource[],
  { json, csv, top: requested }: PredictOptions,
): PredictionOutput {
  const classes = classCount(inferShapes(model));
  const labels = metadata?.classes ?? Array.from({ length: classes }, (_, index) => String(index));
  const labelOf = (index: number) => labels[index];
  const top = Math.min(requested, classes);
  if (json) return jsonOutput({ labelOf });
  if (csv) return csvOutput({ labelOf, top });
  const names = images.map(({ name }) => name);
  return tableOutput({ labelOf, top }, names, labels);
}

/** Writes to standard output at the reader's pace. Errors are handled by the stream's listener in main.ts. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}
