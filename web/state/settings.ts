import {
  augmentationFor,
  customizeRecipe,
  type Dataset,
  parseAugmentation,
  RECIPES,
  type Recipe,
} from "../../src/index.js";
import type { UrlState } from "./url.js";

/** The fields of the address that a training depends on, but for its data. */
export type TrainingFields = Pick<
  UrlState,
  "recipe" | "epochs" | "seed" | "activation" | "pooling" | "lr" | "batch" | "dropout" | "augment" | "val" | "threads"
>;

/** The recipe that the fields say, changed for the data as `lenet train` changes it. */
export function recipeFor(fields: TrainingFields, { classes }: Pick<Dataset, "classes">, background: 0 | 255): Recipe {
  const base = RECIPES[fields.recipe];
  const asked =
    fields.augment === undefined
      ? { augmentation: base.augmentation, flipGiven: false }
      : parseAugmentation(fields.augment);
  return customizeRecipe(base, {
    activation: fields.activation,
    pooling: fields.pooling,
    epochs: fields.epochs,
    learningRate: fields.lr,
    batchSize: fields.batch,
    dropout: fields.dropout,
    validationShare: fields.val,
    augmentation: augmentationFor(asked, classes, background),
  });
}

/** The recipe's learning rate, or the highest one where its schedule moves it. */
export function learningRateOf({ schedule }: Recipe): number {
  return schedule.type === "oneCycle" ? schedule.maximumLearningRate : schedule.learningRate;
}
