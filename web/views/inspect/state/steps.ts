import { computed, signal } from "@preact/signals";
import { url } from "../../../address/url.js";
import { type Arithmetic, largestProducts, workOut } from "../calculation/arithmetic.js";
import { response, selection } from "./response.js";
import { structure } from "./shownNetwork.js";

/** The number of a linear unit's contributions that are shown individually. */
const LARGEST = 10;

/** The selected unit's value, recomputed. */
export const arithmetic = computed<Arithmetic | undefined>(() => {
  if (!structure.value || !selection.value || !response.value) return undefined;
  const { paper, unit } = selection.value;
  const { values, network } = response.value;
  return workOut(structure.value.layers[paper.main], unit, values[paper.main], network.parameters);
});

/** One step towards a unit's value. */
export type Step =
  /** Adds a product, or takes in a value of a window, by its index. */
  | { readonly type: "item"; readonly item: number }
  /** Adds all products that are not shown individually. */
  | { readonly type: "others"; readonly count: number; readonly sum: number }
  | { readonly type: "bias" };

/** All steps in order: a convolution's products window by window, a linear layer's largest first; distances have no bias. */
export const steps = computed<readonly Step[]>(() => {
  const worked = arithmetic.value;
  if (!worked) return [];
  const items = (places: Iterable<number>): Step[] => Array.from(places, (item) => ({ type: "item", item }));
  if (worked.type !== "sum") return items(worked.values.keys());
  if (worked.kernel !== undefined) return [...items(worked.products.keys()), { type: "bias" }];
  const { largest, others } = largestProducts(worked.products, LARGEST);
  const left = worked.products.length - largest.length;
  const rest: Step[] = left > 0 ? [{ type: "others", count: left, sum: others }] : [];
  const isDistance = structure.value?.layers[selection.value?.paper.main ?? 0].layer.type === "rbf";
  return [...items(largest), ...rest, ...(isDistance ? [] : [{ type: "bias" } as const])];
});

export const stepCount = computed(() => steps.value.length);

const stepping = signal<{ readonly unit: string; readonly done: number } | undefined>(undefined);

const unitKey = computed(() => `${selection.value?.paper.term} ${selection.value?.unit}`);

/** The number of steps done; undefined while the complete result is shown, as it is after another unit or panel is chosen. */
export const stepsDone = computed(() =>
  stepping.value?.unit === unitKey.value && url.value.inspectPanel === "sum" ? stepping.value.done : undefined,
);

/** Shows the value after `done` steps; undefined: the complete result. */
export function showSteps(done: number | undefined): void {
  const within = done === undefined ? undefined : Math.min(steps.peek().length, Math.max(0, done));
  if (url.peek().inspectPanel !== "sum") return;
  stepping.value = within === undefined ? undefined : { unit: unitKey.peek(), done: within };
}

/** The last step done. */
export const currentStep = computed<Step | undefined>(() =>
  stepsDone.value === undefined ? undefined : steps.value[stepsDone.value - 1],
);

/** The index, in the layer's input, of the value taken in last. */
export const stepPlace = computed<number | undefined>(() => {
  const worked = arithmetic.value;
  const step = currentStep.value;
  if (!worked || step?.type !== "item") return undefined;
  return (worked.type === "sum" ? worked.products : worked.values)[step.item]?.place;
});

/** The intermediate result: the sum, the largest value, or the sum of a mean. */
export const soFar = computed<number>(() => {
  const worked = arithmetic.value;
  if (!worked) return 0;
  const done = steps.value.slice(0, stepsDone.value ?? steps.value.length);
  if (worked.type === "sum") {
    return done.reduce((sum, step) => {
      if (step.type === "item") return sum + worked.products[step.item].product;
      return sum + (step.type === "others" ? step.sum : worked.bias);
    }, 0);
  }
  const values = done.flatMap((step) => (step.type === "item" ? [worked.values[step.item].value] : []));
  if (worked.type === "maximum") return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return values.reduce((sum, value) => sum + value, 0);
});
