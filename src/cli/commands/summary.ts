import { Command, Option } from "commander";
import { formatSummary, type ImageShape, lenet5, summarize } from "../../model/index.js";
import { RECIPES, type RecipeName } from "../../training/recipes/recipes.js";
import { inputSize, integer, jsonOption, recipeOption } from "../options.js";
import { printableLines, toJson } from "../text.js";

interface SummaryOptions {
  readonly recipe: RecipeName;
  readonly input?: ImageShape;
  readonly classes: number;
  readonly json?: boolean;
}

/** `lenet summary`: prints the layers of the network, like torchsummary. */
export function summaryCommand(): Command {
  return new Command("summary")
    .description("print the network's layers, output shapes and parameter counts")
    .addOption(recipeOption().default("paper"))
    .addOption(
      new Option(
        "--input <CxHxW>",
        "input size: channels, height, width (default: the recipe's, or 1x28x28)",
      ).argParser(inputSize),
    )
    .addOption(new Option("--classes <n>", "number of classes").argParser(integer(1, 1000)).default(10))
    .addOption(jsonOption())
    .action(({ recipe: name, input, classes, json }: SummaryOptions) => {
      const recipe = RECIPES[name];
      const shape = input ?? recipe.input ?? { channels: 1, height: 28, width: 28 };
      const summary = summarize(lenet5({ ...recipe, input: shape, classes }));
      process.stdout.write(`${json ? toJson(summary, 2) : printableLines(formatSummary(summary))}\n`);
    });
}
