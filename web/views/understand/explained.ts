import { computed } from "@preact/signals";
import { classCount, inferShapes, lenet5, type Model } from "../../../src/model/index.js";
import { RECIPES } from "../../../src/training/recipes/recipes.js";
import { ORIGINAL, parseInput } from "../../address/understandFields.js";
import { changeUrl, url } from "../../address/url.js";
import type { Hit } from "../../scene/layout.js";
import { currentLearning, currentNetwork, readyMade } from "../../stage/networks.js";
import { type Shown, Subject } from "../../stage/subject.js";

/** The input shapes offered as options, and the network of 1998. */
export const KNOWN_INPUTS = ["1x28x28", "3x32x32", ORIGINAL] as const;

/** The model of 1998, or the tutorial's first one for a shape; undefined if the network that the views show is explained. */
const chosenShape = computed<Model | undefined>(() => {
  const { understandInput, understandClasses } = url.value;
  const original = RECIPES[ORIGINAL];
  if (understandInput === ORIGINAL) return lenet5({ ...original, input: original.input!, classes: 10 });
  const input = understandInput === undefined ? undefined : parseInput(understandInput);
  return input && lenet5({ ...RECIPES.paper, input, classes: understandClasses });
});

/** What is explained: a shape, the network that the views show or, without one, the network that comes with the page. */
const explained = computed<Shown>(() => {
  const model = chosenShape.value;
  if (!model) return currentNetwork.value ?? readyMade("digits");
  const classes = Array.from({ length: classCount(inferShapes(model)) }, (_, index) => String(index));
  return { model, parameters: undefined, normalization: RECIPES.paper.normalization, classes };
});

/** The model to explain. */
export const chosenModel = computed<Model>(() => explained.value.model);

/** The network in the picture. A chosen part opens the derivation of its layer. */
class ExplainedSubject extends Subject {
  override choose(hit: Hit | undefined): void {
    super.choose(hit);
    const { main = 0 } = this.structure.peek().stages[hit?.stage ?? 0];
    if (hit) changeUrl({ understandLayer: main + 1 }, "replace");
  }
}

export const subject = new ExplainedSubject(
  explained,
  computed(() => (chosenShape.value ? undefined : currentLearning.value)),
);
