import { Command, Option } from "commander";
import { formatSummary, type ImageShape, lenet5, summarize } from "../../model/index.js";
import { RECIPES, type RecipeName } from "../../training/recipes/recipes.js";
import { configOption, inputSize, integer, jsonOption, recipeOption } from "../options.js";
import { printableLines, toJson } from "../text.js";
import { readConfig } from "../training/request.js";

interface SummaryOptions {
  readonly recipe: RecipeName;
  readonly config?: string;
  readonly input?: ImageShape;
  readonly classes?: number;
  readonly json?: boolean;
}

/** `lenet summary`: prints the layers of the network, like torchsummary. */
export function summaryCommand(): Command {
  return new Command("summary")
    .description("print the network's layers, output shapes and parameter counts")
    .addOption(recipeOption().default("paper"))
    .addOption(configOption())
    .addOption(
      new Option(
        "--input <CxHxW>",
        "input size: channels, height, width (default: the recipe's or the run's, or 1x28x28)",
      ).argParser(inputSize),
    )
    .addOption(new Option("--classes <n>", "number of classes (default: the run's, or 10)").argParser(integer(1, 1000)))
    .addOption(jsonOption())
    .action(async ({ recipe: name, config, json, ...given }: SummaryOptions) => {
      const { recipe, run } = config === undefined ? { recipe: RECIPES[name] } : await readConfig(config);
      const input = given.input ?? run?.model.input ?? recipe.input ?? { channels: 1, height: 28, width: 28 };
      const classes = given.classes ?? run?.data.classes.length ?? 10;
      const summary = summarize(lenet5({ ...recipe, input, classes }));
      process.stdout.write(`${json ? toJson(summary, 2) : printableLines(formatSummary(summary))}\n`);
    });
}
