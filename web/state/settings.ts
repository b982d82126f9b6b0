import type { Dataset } from "../../src/data/dataset.js";
import { parseAugmentation, splitTraining } from "../../src/data/index.js";
import { settleRecipe } from "../../src/training/plan.js";
import { RECIPES, type Recipe } from "../../src/training/recipes/recipes.js";
import { largestLearningRate } from "../../src/training/recipes/schedules.js";
import type { ValuesOf } from "../address/fields.js";
import { trainFields } from "../address/trainFields.js";
import type { LoadedData } from "./loadedData.js";

/** The fields of the address that training depends on. */
export type RunFields = ValuesOf<typeof trainFields>;

/** Those among all fields of the address. */
export function runFields(all: RunFields): RunFields {
  return Object.fromEntries(Object.keys(trainFields).map((name) => [name, all[name as keyof RunFields]])) as RunFields;
}

/** The recipe that the fields describe, adapted to the data as `lenet train` does. */
export function recipeFor(fields: RunFields, train: Dataset, background: 0 | 255): Recipe {
  const request = {
    recipe: RECIPES[fields.recipe],
    changes: {
      activation: fields.activation,
      pooling: fields.pooling,
      epochs: fields.epochs,
      learningRate: fields.lr,
      batchSize: fields.batch,
      dropout: fields.dropout,
      validationFraction: fields.val,
    },
    augment: fields.augment === undefined ? undefined : parseAugmentation(fields.augment),
    seed: fields.seed,
  };
  return settleRecipe(request, { train, background });
}

/** From so many times the recipe's learning rate on, it is the likely reason if a network does not learn. */
export const HIGH_RATE = 5;

/** The recipe's learning rate, or its maximum if a schedule changes it. */
export function learningRateOf({ schedule }: Recipe): number {
  return largestLearningRate(schedule);
}

/** The validation images of a run with these settings: their indices in the data. */
export function heldOut({ parts, background }: LoadedData, fields: RunFields): Uint32Array {
  const { validationFraction, fold } = recipeFor(fields, parts.train, background);
  return splitTraining(parts, validationFraction, fields.seed, fold).validation;
}
