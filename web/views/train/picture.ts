import { computed } from "@preact/signals";
import { initializeParameters, lenet5 } from "../../../src/model/index.js";
import { learningOf, networkOfRun, readyMade } from "../../stage/networks.js";
import type { Said } from "../../stage/Say.js";
import { type Shown, Subject } from "../../stage/subject.js";
import { selectedRun } from "../../state/runs.js";
import { recipeFor } from "../../state/settings.js";
import { draft } from "./controls.js";
import { messages } from "./messages/index.js";

/** The network that a run with the page's settings begins with; its shape alone while there are no images. */
const initial = computed<Shown>(() => {
  if (!draft.value) return { ...readyMade("digits"), parameters: undefined };
  const { fields, data } = draft.value;
  const { train } = data.parts;
  const recipe = recipeFor(fields, train, data.background);
  const { channels, height, width, classes } = train;
  const model = lenet5({ ...recipe, input: { channels, height, width }, classes: classes.length });
  return {
    model,
    parameters: initializeParameters(model, fields.seed, recipe.initialization),
    normalization: recipe.normalization,
    classes,
    background: data.background,
  };
});

/** The network that is trained: the selected run's or, before there is one, the next run's at its beginning. */
export const subject = new Subject(
  computed(() => (selectedRun.value ? networkOfRun(selectedRun.value) : initial.value)),
  computed(() => selectedRun.value && learningOf(selectedRun.value)),
);

/** What is said before a run has weights; later, it is what the picture shows. */
export function saidBefore(): Said | undefined {
  const m = messages();
  const hasBegun = selectedRun.value !== undefined && subject.isReady.value;
  return !hasBegun && subject.picture.value.chosen === undefined
    ? { headline: m.title, pieces: [{ text: m.lead }] }
    : undefined;
}
