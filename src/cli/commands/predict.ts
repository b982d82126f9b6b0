import { Command, Option } from "commander";
import { classCount, inferShapes } from "../../model/index.js";
import { findImages, type ImageSource } from "../../node/imageSources.js";
import type { LoadedWeights } from "../../node/loadWeights.js";
import { predictImages } from "../../node/predictImages.js";
import { withInterrupt } from "../interrupt.js";
import { hasLightBackground, isLightOnBlack } from "../lightImages.js";
import {
  backgroundByte,
  backgroundOption,
  fitOption,
  type ImageOptions,
  jsonOption,
  threadsOption,
  weightsRecipeOption,
  wholeNumber,
} from "../options.js";
import { csvOutput, jsonOutput, type PredictionOutput, tableOutput } from "../predictionOutput.js";
import { withStandardInput } from "../standardInput.js";
import { Terminal } from "../terminal.js";
import { counted, printable } from "../text.js";
import { engineFor, openWeights, WEIGHTS_HELP } from "../weights.js";

interface PredictOptions extends Partial<ImageOptions> {
  readonly invert?: boolean;
  readonly top: number;
  readonly recipe?: string;
  readonly threads?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `lenet predict`: what a network says of images. */
export function predictCommand(): Command {
  return new Command("predict")
    .description("tell the classes of images of any size")
    .argument("<weights>", WEIGHTS_HELP)
    .argument("<images...>", "images (PNG, JPEG, WebP, GIF, BMP, TIFF), folders of them, or - for standard input")
    .addOption(fitOption())
    .addOption(backgroundOption())
    .addOption(new Option("--invert", "make light dark and dark light first, for ink on paper"))
    .addOption(new Option("--top <k>", "the classes to show of each image").argParser(wholeNumber(1, 1000)).default(3))
    .addOption(weightsRecipeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addOption(new Option("--csv", "print a table for spreadsheets").conflicts("json"))
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
  // Results go to standard output, all else to standard error.
  const terminal = new Terminal(process.stderr);
  const weights = await openWeights(path, options.recipe);
  const { sources, passedOver, unreachable } = await findImages(paths);
  if (sources.length + unreachable.length === 0) throw new Error(`there are no images in ${paths.join(", ")}`);
  const images = await withStandardInput(sources, signal);
  const counts = await predictAll(weights, images, { ...options, terminal, signal });
  for (const { path, reason } of unreachable) terminal.line(`${printable(path)}: ${reason}`);
  if (passedOver > 0) terminal.line(`passed over ${counted(passedOver, "other file")}`);
  if (counts.light > counts.read / 2) {
    const { data } = weights.metadata ?? {};
    terminal.warn(
      `${counted(counts.light, "image")} on a light background, those of ${data} are on black: try --invert`,
    );
  }
  const unreadable = unreachable.length + counts.unreadable;
  if (unreadable > 0) {
    throw new Error(`${unreadable} of ${counted(images.length + unreachable.length, "image")} cannot be read`);
  }
}

/** What has become of images. */
interface Counts {
  read: number;
  unreadable: number;
  /** Of those that were read: light in the background, where the network was trained on light on black. */
  light: number;
}

/** Prints what a network says of images, until nobody reads on. */
async function predictAll(
  weights: LoadedWeights,
  images: readonly ImageSource[],
  options: PredictOptions & { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<Counts> {
  const { invert, threads, terminal, signal } = options;
  const { model, metadata } = weights;
  const counts: Counts = { read: 0, unreadable: 0, light: 0 };
  const mayBeLight = !invert && isLightOnBlack(metadata?.data);
  const output = outputFor(weights, images, options);
  const engine = await engineFor(weights, { threads });
  try {
    await print(output.begin);
    const results = predictImages(engine, images, {
      resize: options.fit ?? metadata?.framing?.resize ?? "contain",
      background: options.background ? backgroundByte(options.background) : (metadata?.framing?.background ?? 0),
      invert,
      threads,
      signal,
      onProgress: (progress) => terminal.progress({ label: "predicting", unit: "images", ...progress }),
    });
    for await (const result of results) {
      if (process.stdout.destroyed) return counts;
      terminal.clearBar();
      if ("reason" in result) {
        counts.unreadable++;
        terminal.line(`${printable(result.file)}: ${result.reason}`);
      } else {
        counts.read++;
        if (mayBeLight && hasLightBackground(result.pixels, model.input)) counts.light++;
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
  { json, csv, top: asked }: PredictOptions,
): PredictionOutput {
  const classes = classCount(inferShapes(model));
  const labels = metadata?.classes ?? Array.from({ length: classes }, (_, index) => String(index));
  const labelOf = (index: number) => labels[index];
  const top = Math.min(asked, classes);
  if (json) return jsonOutput({ labelOf });
  if (csv) return csvOutput({ labelOf, top });
  const names = images.map(({ name }) => name);
  return tableOutput({ labelOf, top }, names, labels);
}

/** Writes to standard output, no faster than it is read; what cannot be written is told where all such errors are. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}
