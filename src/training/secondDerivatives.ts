import type { Dataset } from "../data/dataset.js";
import type { Engine } from "../engine/backend.js";
import { measureCurvature } from "../engine/curvature/curvature.js";
import type { Recipe } from "./recipes/recipes.js";

/**
 * Measures the second derivatives that SDLM's rates depend on, and gives them to the optimizer. Does nothing for other
 * optimizers.
 *
 * @param order the images of the next epoch; the first ones are measured
 */
export async function updateSecondDerivatives(
  engine: Engine,
  network: number,
  recipe: Recipe,
  dataset: Dataset,
  order: Uint32Array,
): Promise<void> {
  const { optimizer } = recipe;
  if (optimizer.type !== "sdlm") return;
  const second = measureCurvature({ model: engine.models[network], ...recipe }, await engine.parameters(network), {
    pixels: dataset.images,
    indices: order.subarray(0, optimizer.samples),
  });
  await engine.setOptimizerState({ ...(await engine.optimizerState(network)), second }, network);
}
