import { best } from "./best.js";
import { improved } from "./improved.js";
import { paper } from "./paper.js";
import type { Recipe } from "./recipe.js";

export * from "./customize.js";
export { TUTORIAL_NORMALIZATION } from "./paper.js";
export type { Recipe } from "./recipe.js";

/** The recipes by name. */
export const RECIPES: Readonly<Record<string, Recipe>> = { paper, improved, best };
