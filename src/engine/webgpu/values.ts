import type { Stage } from "./layers.js";
import { type Need, planMemory } from "./memoryPlan.js";

/** The offsets of one sample's values. */
export interface ValuePlan {
  readonly size: number;
  /** What each stage stores. */
  readonly outputs: readonly number[];
  /** The gradient by what each stage's layer gives; in training. */
  readonly gradients: readonly number[];
  /** The image, read once more for the gradients of the first layer; undefined if it is kept. */
  readonly image: number | undefined;
  /** Where the threads leave parts of sums, by the stage: forward, in the trace, and for the gradient by the input. */
  readonly forwardParts: ReadonlyMap<number, number>;
  readonly traceParts: ReadonlyMap<number, number>;
  readonly gradientParts: ReadonlyMap<number, number>;
  /** What layers keep for the way back, and need for the gradient by the input, by the stage. */
  readonly layerKept: ReadonlyMap<number, number>;
  readonly spreads: ReadonlyMap<number, number>;
  /** What activations behind activations get, by their places in the model. */
  readonly kept: ReadonlyMap<number, number>;
}

/** The first stage that learns, as the gradient goes back no further; the number of stages if none does. */
export function firstLearning(stages: readonly Stage[]): number {
  const first = stages.findIndex(({ kernels }) => kernels?.parameters);
  return first === -1 ? stages.length : first;
}

/**
 * Plans the memory of a sample. Forward passes take one unit of time each, in the stages' order, then the loss, then one
 * for each stage in the reverse order: the trace and the gradient by the input.
 *
 * @param rereadsImage whether the first layer's trace reads the image again instead of keeping it
 * @param sharesSums whether threads share sums
 */
export function planValues(
  stages: readonly Stage[],
  training: boolean,
  { rereadsImage, sharesSums }: { readonly rereadsImage: boolean; readonly sharesSums: boolean },
): ValuePlan {
  const count = stages.length;
  const first = training ? firstLearning(stages) : count;
  const backwardTime = (stage: number) => count + 1 + (count - 1 - stage);
  const needs: Need[] = [];
  const need = (size: number, from: number, to: number) => needs.push({ size, from, to }) - 1;
  const rereads = training && rereadsImage && first === 1;

  const outputs: number[] = [];
  const gradients: number[] = [];
  const maps = Array.from({ length: 6 }, () => new Map<number, number>());
  const [kept, forwardParts, traceParts, gradientParts, layerKept, spreads] = maps;
  for (const [index, { shaped, kernels, size, steps }] of stages.entries()) {
    const next = stages[index + 1];
    const hasGradient = index >= first;
    // The last stage's gradient replaces the logits.
    const replaced = !next?.shaped || next.kernels!.replacesInput(next.shaped);
    const gradientMade = next ? backwardTime(index + 1) : count;
    const gradientUsed = backwardTime(index);
    const isTraced = index + 1 === first && !rereads;
    const lastUse = hasGradient ? (replaced ? gradientUsed : gradientMade) : isTraced ? backwardTime(first) : index + 1;
    outputs.push(need(size, index, lastUse));
    gradients.push(hasGradient && !replaced ? need(size, gradientMade, gradientUsed) : outputs[index]);
    const parts = (sharesSums && shaped && kernels?.partCounts?.(shaped)) || {};
    if (parts.forward) forwardParts.set(index, need(parts.forward, index, index));
    if (parts.trace && hasGradient) traceParts.set(index, need(parts.trace, backwardTime(index), backwardTime(index)));
    if (parts.inputGradient && index > first) {
      gradientParts.set(index, need(parts.inputGradient, gradientUsed, gradientUsed));
    }
    const memory = shaped && kernels?.memory?.(shaped);
    if (memory && hasGradient) layerKept.set(index, need(memory.kept, index, gradientUsed));
    if (memory && index > first) spreads.set(index, need(memory.spread, gradientUsed, gradientUsed));
    for (const step of steps) {
      if (step.keepsInput && hasGradient) kept.set(step.index, need(size, index, gradientMade));
    }
  }
  const image = rereads ? need(stages[0].size, backwardTime(1), backwardTime(1)) : undefined;

  const { offsets, size } = planMemory(needs);
  const placed = (indices: ReadonlyMap<number, number>) =>
    new Map([...indices].map(([key, index]) => [key, offsets[index]]));
  return {
    size,
    outputs: outputs.map((index) => offsets[index]),
    gradients: gradients.map((index) => offsets[index]),
    image: image === undefined ? undefined : offsets[image],
    forwardParts: placed(forwardParts),
    traceParts: placed(traceParts),
    gradientParts: placed(gradientParts),
    layerKept: placed(layerKept),
    spreads: placed(spreads),
    kept: placed(kept),
  };
}
