import { join, parse } from "node:path";
import { Command, Option } from "commander";
import { WEIGHTS_FORMATS, type WeightsFormat, writeWeights } from "../../formats/weightFiles.js";
import type { Weights } from "../../model/index.js";
import { isFolder, writeFileAtomic } from "../../node/disk/files.js";
import type { RecipeName } from "../../training/recipes/recipes.js";
import { messages } from "../messages/index.js";
import { jsonOption, weightsRecipeOption } from "../options.js";
import { forceOption, requireFree } from "../outputFile.js";
import { printable, toJson } from "../text.js";
import { openWeights, WEIGHTS_HELP } from "../weights.js";

interface ExportOptions {
  readonly to: WeightsFormat;
  readonly out?: string;
  readonly force?: boolean;
  readonly withPreprocessing?: boolean;
  readonly recipe?: RecipeName;
  readonly json?: boolean;
}

/** `lenet export`: writes weights in another format. */
export function exportCommand(): Command {
  return new Command("export")
    .description("export weights to PyTorch, ONNX or safetensors")
    .argument("<weights>", WEIGHTS_HELP)
    .addOption(new Option("--to <format>", "format to write").choices(WEIGHTS_FORMATS).makeOptionMandatory())
    .addOption(
      new Option("--out <file>", "file to write (default: model.<format> in the run folder, or next to the weights)"),
    )
    .addOption(forceOption())
    .addOption(new Option("--with-preprocessing", "for ONNX: take images as bytes and return probabilities"))
    .addOption(weightsRecipeOption())
    .addOption(jsonOption())
    .action(runExport);
}

async function runExport(path: string, options: ExportOptions, command: Command): Promise<void> {
  const { to: format, withPreprocessing, json } = options;
  if (withPreprocessing && format !== "onnx") command.error("option '--with-preprocessing' requires '--to onnx'");
  const file = options.out ?? (await fileFor(path, format));
  requireFree(file, options.force);
  const weights = await openWeights(path, options.recipe);
  const bytes = writeWeights(weights, format, { withPreprocessing });
  await writeFileAtomic(file, bytes);
  const load = loadLine(file, options, weights);
  if (json) process.stdout.write(`${toJson({ file, format, bytes: bytes.length, load }, 2)}\n`);
  else {
    process.stdout.write(`${messages.exported(format, printable(file), Math.ceil(bytes.length / 1000))}\n`);
    process.stdout.write(`${messages.loadInPython(load)}\n`);
  }
}

/** The default path: in the run folder, or next to the weights under their name. */
async function fileFor(path: string, format: WeightsFormat): Promise<string> {
  if (await isFolder(path)) return join(path, `model.${format}`);
  const { dir, name } = parse(path);
  return join(dir, `${name}.${format}`);
}

/** The Python code that loads a file. */
function loadLine(file: string, { to, withPreprocessing }: ExportOptions, { model }: Weights): string {
  const path = toJson(file);
  const { channels, height, width } = model.input;
  switch (to) {
    case "pth":
      return `model.load_state_dict(torch.load(${path}, weights_only=True))`;
    case "safetensors":
      return `model.load_state_dict(safetensors.torch.load_file(${path}))`;
    case "onnx": {
      const input = withPreprocessing
        ? `{"images": uint8 [n, ${height}, ${width}, ${channels}]}`
        : `{"input": float32 [n, ${channels}, ${height}, ${width}]}`;
      return `onnxruntime.InferenceSession(${path}).run(None, ${input})`;
    }
  }
}
