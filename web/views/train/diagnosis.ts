import { RECIPES } from "../../../src/training/recipes/recipes.js";
import type { Run } from "../../state/run.js";
import { HIGH_RATE, learningRateOf } from "../../state/settings.js";

/** Why a run does not learn, with its learning rate and the one of its recipe. */
export interface Diagnosis {
  readonly kind: "rateTooHigh" | "rateTooLow" | "diverged";
  readonly rate: number;
  readonly usual: number;
}

const LOW_RATE = 1 / 20;

/**
 * What is wrong with the network on display; undefined if it learns, or the reason is unknown. It does not learn if its
 * loss became NaN or infinite, if the newest loss is more than twice that of guessing, or if after its last epoch it
 * recognizes less than twice as many validation images as guessing would.
 */
export function diagnose({
  recipe,
  settings,
  member,
}: Pick<Run, "recipe" | "settings" | "member">): Diagnosis | undefined {
  const { failure, latest, epochs } = member.value;
  const classes = settings.data.parts.train.classes.length;
  const rate = learningRateOf(recipe);
  const usual = learningRateOf(RECIPES[settings.fields.recipe]);
  const hasDiverged = failure.value !== undefined;
  const isLost = (latest.value?.loss ?? 0) > 2 * Math.log(classes);
  const last = epochs.value.at(-1);
  const guesses = last !== undefined && last.validationAccuracy < 2 / classes;
  if (rate >= HIGH_RATE * usual && (hasDiverged || isLost || guesses)) return { kind: "rateTooHigh", rate, usual };
  if (rate <= LOW_RATE * usual && guesses) return { kind: "rateTooLow", rate, usual };
  return hasDiverged ? { kind: "diverged", rate, usual } : undefined;
}
