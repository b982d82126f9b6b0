import { useSignal, useSignalEffect } from "@preact/signals";
import { formatValue } from "../../../i18n/numbers.js";
import { Button } from "../../../kit/controls.js";
import { messages } from "../messages/index.js";
import { arithmetic, currentStep, showSteps, soFar, steps, stepsDone } from "../state/steps.js";

/** The approximate duration of a full playback; no step takes longer than STEP_MILLISECONDS. */
const PLAY_MILLISECONDS = 15_000;
const STEP_MILLISECONDS = 400;

export interface StepPlayerProps {
  /** What the unit computes, shown while no step is. */
  readonly description: string;
}

/** Steps through the arithmetic: play, one step back or forward, and the complete result. */
export function StepPlayer({ description }: StepPlayerProps) {
  const m = messages();
  const isPlaying = useSignal(false);
  const total = steps.value.length;
  const done = stepsDone.value;
  useSignalEffect(() => {
    if (!isPlaying.value) return;
    const pause = Math.min(STEP_MILLISECONDS, PLAY_MILLISECONDS / Math.max(1, steps.peek().length));
    const timer = setInterval(() => {
      const next = (stepsDone.peek() ?? 0) + 1;
      showSteps(next);
      if (next >= steps.peek().length) isPlaying.value = false;
    }, pause);
    return () => clearInterval(timer);
  });
  const step = (by: number) => {
    isPlaying.value = false;
    showSteps((done ?? (by > 0 ? 0 : total)) + by);
  };
  const play = () => {
    if (!isPlaying.value && (done === undefined || done === total)) showSteps(0);
    isPlaying.value = !isPlaying.value;
  };
  return (
    <div class="player">
      <Button icon="reset" label={m.showWhole} disabled={done === undefined} onClick={() => showSteps(undefined)} />
      <Button icon="back" label={m.stepBack} disabled={done === 0} onClick={() => step(-1)} />
      <Button icon={isPlaying.value ? "pause" : "play"} label={isPlaying.value ? m.pause : m.playSum} onClick={play} />
      <Button icon="step" label={m.stepForward} disabled={done === total} onClick={() => step(1)} />
      <p>{done === undefined ? m.allSteps(total) : m.stepOf(done, total)}</p>
      <p class="so-far" aria-live={isPlaying.value ? "off" : "polite"}>
        {currentStep.value ? stepText() : description}
      </p>
    </div>
  );
}

/** The last step in words: "0.8 × −0.21 = −0.168; sum 0.42". */
function stepText(): string {
  const m = messages();
  const worked = arithmetic.value;
  const step = currentStep.value;
  if (!worked || !step) return "";
  const sum = formatValue(soFar.value);
  if (step.type === "bias") return worked.type === "sum" ? m.addsBias(formatValue(worked.bias), sum) : "";
  if (step.type === "others") return m.addsOthers(step.count, formatValue(step.sum), sum);
  if (worked.type === "sum") {
    const { value, weight, product } = worked.products[step.item];
    return m.addsProduct(formatValue(value), formatValue(weight), formatValue(product), sum);
  }
  const value = formatValue(worked.values[step.item].value);
  return worked.type === "maximum" ? m.takesValue(value, sum) : m.addsValue(value, sum);
}
