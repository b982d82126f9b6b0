import { Argument, Command } from "commander";
import { formatAsPreset } from "../../data/augmentationText.js";
import { lenet5, summarize } from "../../model/index.js";
import { RECIPE_NAMES, RECIPES, type Recipe, type RecipeName } from "../../training/recipes/recipes.js";
import { largestLearningRate } from "../../training/recipes/schedules.js";
import { messages } from "../messages/index.js";
import { jsonOption } from "../options.js";
import { table } from "../table.js";
import { toJson } from "../text.js";

/** `lenet recipe`: the recipes to train with. */
export function recipeCommand(): Command {
  return new Command("recipe")
    .description("list the recipes, or print one as a file for --config")
    .addCommand(listCommand())
    .addCommand(showCommand());
}

function listCommand(): Command {
  return new Command("list")
    .description("list the recipes and their main settings")
    .addOption(jsonOption())
    .action(({ json }: { json?: boolean }) => {
      const text = json
        ? toJson(RECIPES, 2)
        : table(messages.recipeColumns, Object.values(RECIPES).map(row), 4).join("\n");
      process.stdout.write(`${text}\n`);
    });
}

function showCommand(): Command {
  return new Command("show")
    .description("print a recipe as JSON: change it and train it with lenet train --config FILE")
    .addArgument(new Argument("<name>", "recipe").choices(RECIPE_NAMES))
    .action((name: RecipeName) => {
      const { augmentation, ...recipe } = RECIPES[name];
      process.stdout.write(`${toJson({ ...recipe, augmentation: formatAsPreset(augmentation) }, 2)}\n`);
    });
}

function row(recipe: Recipe): string[] {
  const { name, activation, pooling, optimizer, epochs, batchSize, schedule } = recipe;
  const { totalParameters } = summarize(lenet5({ ...recipe, input: recipe.input ?? MNIST_SHAPE, classes: 10 }));
  const numbers = [epochs, batchSize, largestLearningRate(schedule), totalParameters.toLocaleString("en-US")];
  return [name, activation, pooling, optimizer.type, ...numbers.map(String)];
}

const MNIST_SHAPE = { channels: 1, height: 28, width: 28 };
