import { fold, type Weights } from "../model/index.js";
import type { Best } from "../training/epochs.js";
import type { RunConfig } from "./config.js";
import { identityHash, identityOf } from "./identity.js";

/** A run's best weights with the metadata for their files; batch normalisation is folded unless the run keeps it. */
export async function bestWeights(config: RunConfig, { epoch, validationAccuracy, ...best }: Best): Promise<Weights> {
  const { recipe, data } = config;
  const { normalization } = recipe;
  const { model, parameters } = config.keepBatchNorm
    ? { model: config.model, parameters: best.parameters }
    : fold(config.model, best.parameters);
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
