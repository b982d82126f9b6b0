import { Command, Option } from "commander";
import { classCount, inferShapes } from "../../model/index.js";
import { findPictures, type PictureSource } from "../../node/pictureSources.js";
import { MAXIMUM_FILE_BYTES } from "../../node/pictures/protocol.js";
import { predictPictures } from "../../node/predictPictures.js";
import type { LoadedWeights } from "../../node/weights.js";
import { withInterrupt } from "../interrupt.js";
import { hasLightBackground, isLightOnBlack } from "../lightPictures.js";
import {
  backgroundByte,
  backgroundOption,
  fitOption,
  jsonOption,
  type PictureOptions,
  threadsOption,
  weightsRecipeOption,
  wholeNumber,
} from "../options.js";
import { csvOutput, jsonOutput, type PredictionOutput, tableOutput } from "../predictionOutput.js";
import { Terminal } from "../terminal.js";
import { engineOf, openWeights, WEIGHTS_HELP } from "../weights.js";

interface PredictOptions extends Partial<PictureOptions> {
  readonly invert?: boolean;
  readonly top: number;
  readonly recipe?: string;
  readonly threads?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** Stands for standard input among the names of pictures. */
const STANDARD_INPUT = "-";

/** `lenet predict`: what a network says of pictures. */
export function predictCommand(): Command {
  return new Command("predict")
    .description("tell the classes of pictures of any size")
    .argument("<weights>", WEIGHTS_HELP)
    .argument("<images...>", "pictures (PNG, JPEG, WebP, GIF, BMP, TIFF), folders of them, or - for standard input")
    .addOption(fitOption())
    .addOption(backgroundOption())
    .addOption(new Option("--invert", "make light dark and dark light first, for ink on paper"))
    .addOption(
      new Option("--top <k>", "the classes to show of each picture").argParser(wholeNumber(1, 1000)).default(3),
    )
    .addOption(weightsRecipeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addOption(new Option("--csv", "print a table for spreadsheets").conflicts("json"))
    .action((path: string, images: string[], options: PredictOptions) =>
      withInterrupt((signal) => runPredict(path, images, options, signal)),
    );
}

async function runPredict(
  path: string,
  images: readonly string[],
  options: PredictOptions,
  signal: AbortSignal,
): Promise<void> {
  // Results go to standard output, all else to standard error.
  const terminal = new Terminal(process.stderr);
  const weights = await openWeights(path, options.recipe);
  const { sources, passedOver, unreachable } = await findPictures(images);
  if (sources.length + unreachable.length === 0) throw new Error(`there are no pictures in ${images.join(", ")}`);
  const pictures = await withStandardInput(sources);
  const engine = engineOf(weights, { threads: options.threads });
  const output = outputFor(weights, pictures, options);
  const { metadata, model } = weights;
  const mayBeLight = !options.invert && isLightOnBlack(metadata?.data);
  let light = 0;
  let unreadable = unreachable.length;
  try {
    await print(output.begin);
    const results = predictPictures(engine, pictures, {
      fit: options.fit ?? metadata?.pictures?.fit ?? "contain",
      background: options.background ? backgroundByte(options.background) : (metadata?.pictures?.background ?? 0),
      invert: options.invert,
      threads: options.threads,
      signal,
      onProgress: (progress) => terminal.progress({ label: "predicting", unit: "pictures", ...progress }),
    });
    for await (const result of results) {
      if (process.stdout.destroyed) return;
      terminal.clearBar();
      if ("reason" in result) {
        unreadable++;
        terminal.line(`${result.file}: ${result.reason}`);
      } else {
        if (mayBeLight && hasLightBackground(result.pixels, model.input)) light++;
        await print(output.row(result));
      }
    }
    await print(output.end);
  } finally {
    terminal.clearBar();
    engine.dispose();
  }
  for (const { path, reason } of unreachable) terminal.line(`${path}: ${reason}`);
  const total = pictures.length + unreachable.length;
  if (passedOver > 0)
    terminal.line(
      `passed over ${count(passedOver, "file")} that ${passedOver === 1 ? "is no picture" : "are no pictures"}`,
    );
  if (light > (total - unreadable) / 2) {
    terminal.warn(
      `${count(light, "picture")} on a light background, those of ${metadata?.data} are on black: try --invert`,
    );
  }
  if (unreadable > 0) throw new Error(`${unreadable} of ${count(total, "picture")} cannot be read`);
}

/** The sources with what standard input holds in its place. */
async function withStandardInput(sources: readonly PictureSource[]): Promise<readonly PictureSource[]> {
  if (!sources.some(({ name }) => name === STANDARD_INPUT)) return sources;
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of process.stdin) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > MAXIMUM_FILE_BYTES) throw new Error(`standard input has more than ${MAXIMUM_FILE_BYTES / 1e6} MB`);
  }
  const picture = new Uint8Array(Buffer.concat(pieces));
  return sources.map((source) => (source.name === STANDARD_INPUT ? { ...source, picture } : source));
}

function outputFor(
  { model, metadata }: LoadedWeights,
  pictures: readonly PictureSource[],
  { json, csv, top: asked }: PredictOptions,
): PredictionOutput {
  const classes = classCount(inferShapes(model));
  const labels = metadata?.classes ?? Array.from({ length: classes }, (_, index) => String(index));
  const labelOf = (index: number) => labels[index];
  const top = Math.min(asked, classes);
  if (json) return jsonOutput({ labelOf });
  if (csv) return csvOutput({ labelOf, top });
  const names = pictures.map(({ name }) => name);
  return tableOutput({ labelOf, top }, names, labels);
}

/** Writes to standard output, no faster than it is read; what cannot be written is told where all such errors are. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

function count(number: number, what: string): string {
  return `${number.toLocaleString("en-US")} ${what}${number === 1 ? "" : "s"}`;
}
