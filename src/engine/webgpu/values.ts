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
  /** What activations behind activations get, by their places in the model. */
  readonly kept: ReadonlyMap<number, number>;
}

/** The first stage that learns, as the gradient goes back no further; the number of stages if none does. */
export function firstLearning(stages: readonly Stage[]): number {
  const first = stages.findIndex(({ kernels }) => kernels?.parameters);
  return first === -1 ? stages.length : first;
}

/**
 * Plans the memory of a sample. Forward passes take one unit of time each, in the stages' order, then the loss, then two
 * for each stage in the reverse order: the trace and the gradient by the input.
 *
 * @param rereadsImage whether the first layer's trace reads the image again instead of keeping it
 */
export function planValues(stages: readonly Stage[], training: boolean, rereadsImage: boolean): ValuePlan {
  const count = stages.length;
  const first = training ? firstLearning(stages) : count;
  const traceTime = (stage: number) => count + 1 + 2 * (count - 1 - stage);
  const needs: Need[] = [];
  const need = (size: number, from: number, to: number) => needs.push({ size, from, to }) - 1;
  const rereads = training && rereadsImage && first === 1;

  const outputs: number[] = [];
  const gradients: number[] = [];
  const kept = new Map<number, number>();
  for (const [index, { size, steps }] of stages.entries()) {
    const next = stages[index + 1];
    const hasGradient = index >= first;
    // The last stage's gradient replaces the logits.
    const replaced = !next?.shaped || next.kernels!.replacesInput(next.shaped);
    const gradientMade = next ? traceTime(index + 1) + 1 : count;
    const gradientUsed = traceTime(index) + (index > first ? 1 : 0);
    const isTraced = index + 1 === first && !rereads;
    const lastUse = hasGradient ? (replaced ? gradientUsed : gradientMade) : isTraced ? traceTime(first) : index + 1;
    outputs.push(need(size, index, lastUse));
    gradients.push(hasGradient && !replaced ? need(size, gradientMade, gradientUsed) : outputs[index]);
    for (const step of steps) {
      if (step.keepsInput && hasGradient) kept.set(step.index, need(size, index, gradientMade));
    }
  }
  const image = rereads ? need(stages[0].size, traceTime(1), traceTime(1)) : undefined;

  const { offsets, size } = planMemory(needs);
  return {
    size,
    outputs: outputs.map((index) => offsets[index]),
    gradients: gradients.map((index) => offsets[index]),
    image: image === undefined ? undefined : offsets[image],
    kept: new Map([...kept].map(([layer, index]) => [layer, offsets[index]])),
  };
}
