import type { Weights } from "../model/index.js";
import type { Best } from "../training/epochs.js";
import type { RunConfig } from "./config.js";
import { identityHash, identityOf } from "./identity.js";

/** A run's best weights with the metadata for their files. */
export async function bestWeights(
  config: RunConfig,
  { epoch, validationAccuracy, parameters }: Best,
): Promise<Weights> {
  const { model, recipe, data } = config;
  const { normalization } = recipe;
  return {
    model,
    parameters,
    normalization,
    metadata: {
      model,
      normalization,
      classes: data.classes,
      framing: { resize: data.resize, background: data.background },
      recipe: recipe.name,
      data: data.name,
      epoch,
      validationAccuracy,
      run: await identityHash(await identityOf(config, epoch)),
    },
  };
}
