import { Argument, Command, Option } from "commander";
import { AUGMENTATIONS } from "../../../data/augmentation.js";
import { formatAugmentation, type ParsedAugmentation } from "../../../data/augmentationText.js";
import { augmentationFor } from "../../../data/characters.js";
import type { ImageShape } from "../../../model/index.js";
import { writeFileAtomic } from "../../../node/disk/files.js";
import { languageOfPng } from "../../../node/png.js";
import { previewDataset } from "../../../node/preview.js";
import { listSkipped, openForCommand } from "../../data.js";
import { withInterrupt } from "../../interrupt.js";
import { language, MESSAGES, messages } from "../../messages/index.js";
import {
  augmentOption,
  backgroundByte,
  backgroundOption,
  dataDirOption,
  dataName,
  fitOption,
  type ImageOptions,
  inputOption,
  seedOption,
  strictOption,
} from "../../options.js";
import { forceOption, requireFree } from "../../outputFile.js";
import { Terminal } from "../../terminal.js";

interface PreviewOptions extends ImageOptions {
  readonly dataDir?: string;
  readonly input?: ImageShape;
  readonly strict?: boolean;
  readonly augment?: ParsedAugmentation;
  readonly seed: number;
  readonly out: string;
  readonly force?: boolean;
}

/** `lenet data preview`: draws a contact sheet of a data set. */
export function previewCommand(): Command {
  return new Command("preview")
    .description("draw a contact sheet: images of each class with augmented versions")
    .addArgument(new Argument("<name>", "data set, or the path of a folder").argParser(dataName))
    .addOption(dataDirOption())
    .addOption(inputOption())
    .addOption(fitOption().default("contain"))
    .addOption(backgroundOption().default("black"))
    .addOption(augmentOption("tutorial"))
    .addOption(seedOption())
    .addOption(strictOption())
    .addOption(new Option("--out <file>", "PNG file to write").default("preview.png"))
    .addOption(forceOption())
    .action((name: string, options: PreviewOptions) => withInterrupt((signal) => runPreview(name, options, signal)));
}

async function runPreview(name: string, options: PreviewOptions, signal: AbortSignal): Promise<void> {
  const { dataDir, input, strict, seed, out } = options;
  requireFree(out, options.force);
  const terminal = new Terminal(process.stdout);
  const background = backgroundByte(options.background);
  const data = await openForCommand(
    { data: name, dataDir, input, resize: options.fit, background, strict },
    { terminal, signal },
  );
  const { train } = await data.train();
  terminal.clearBar();
  const requested = options.augment ?? { augmentation: AUGMENTATIONS.tutorial, flipGiven: false };
  const augmentation = augmentationFor(requested, train.classes, background);
  const { channels, height, width } = train;
  const { preview } = MESSAGES[await languageOfPng(language)];
  const sheet = await previewDataset(train, {
    augmentation,
    seed,
    title: preview.title(data.name, train.labels.length, train.generated, `${channels}x${height}x${width}`),
    subtitle: preview.subtitle(seed, formatAugmentation(augmentation)),
    images: preview.images,
  });
  await writeFileAtomic(out, sheet);
  terminal.line(messages.contactSheet(out));
  listSkipped(data, terminal);
}
