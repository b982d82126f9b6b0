import { computed } from "@preact/signals";
import { lenet5, type Model } from "../../../src/model/index.js";
import { RECIPES } from "../../../src/training/recipes/recipes.js";
import { ORIGINAL, parseInput } from "../../address/understandFields.js";
import { url } from "../../address/url.js";
import { network } from "../../state/currentNetwork.js";

/** The input shapes offered as options, and the network of 1998. */
export const KNOWN_INPUTS = ["1x28x28", "3x32x32", ORIGINAL] as const;

/** The chosen input shape; undefined if the network that the views show is explained. */
export const chosenInput = computed(
  () => url.value.understandInput ?? (shownModel.value ? undefined : KNOWN_INPUTS[0]),
);

// Only the network's model: its parameters change many times per second during training.
const shownModel = computed(() => network.value?.model);

/** The model to explain: that of the network that the views show, the one of 1998, or the tutorial's first one for a shape. */
export const chosenModel = computed<Model>(() => {
  const { understandInput = KNOWN_INPUTS[0], understandClasses } = url.value;
  if (chosenInput.value === undefined && shownModel.value) return shownModel.value;
  const original = RECIPES[ORIGINAL];
  if (understandInput === ORIGINAL) return lenet5({ ...original, input: original.input!, classes: 10 });
  const input = parseInput(understandInput);
  if (!input) throw new RangeError(`${understandInput} is not an image shape`);
  return lenet5({ ...RECIPES.paper, input, classes: understandClasses });
});
