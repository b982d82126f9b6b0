import { isActivation } from "../../../../src/model/index.js";
import { url } from "../../../address/url.js";
import { layerMessages } from "../../../i18n/layers/index.js";
import { formatExact, formatValue, withMinus } from "../../../i18n/numbers.js";
import { activate } from "../calculation/arithmetic.js";
import { messages } from "../messages/index.js";
import { response, selection } from "../state/response.js";
import { structure } from "../state/shownNetwork.js";
import { arithmetic, currentStep, showSteps, soFar, stepCount, steps, stepsDone } from "../state/steps.js";
import { BitmapWork } from "./BitmapWork.js";
import { ContributionsWork } from "./ContributionsWork.js";
import { StepPlayer } from "./StepPlayer.js";
import { WindowWork } from "./WindowWork.js";

/** The selected unit's value, from the engine and recomputed step by step. */
export function SumPanel() {
  const m = messages();
  const worked = arithmetic.value;
  if (!structure.value || !selection.value || !response.value || !worked) return null;
  const { paper, unit } = selection.value;
  const { layers } = structure.value;
  const { values, probabilities } = response.value;
  const isBefore = url.value.inspectMoment === "before";
  const { layer: last } = layers[paper.last];
  const isDistance = layers[paper.main].layer.type === "rbf";
  const activation = isActivation(last) ? last.type : undefined;
  const engineValue = values[(isBefore ? paper.main : paper.last) + 1][unit];
  const isDone = stepsDone.value === undefined || stepsDone.value === steps.value.length;
  const result = isBefore ? worked.result : activate(activation, worked.result);
  return (
    <div class="sum-panel">
      <dl class="compare">
        <div>
          <dt>{m.engineSays}</dt>
          <dd class="exact" data-value="engine">
            {formatExact(engineValue)}
          </dd>
        </div>
        <div>
          <dt>{m.workedOut}</dt>
          <dd class="exact" data-value="worked">
            {isDone ? formatExact(result) : "…"}
          </dd>
        </div>
      </dl>
      <StepPlayer
        total={stepCount}
        done={stepsDone}
        onShow={showSteps}
        text={currentStep.value ? stepText() : describe()}
      />
      {isDistance && <BitmapWork features={values[paper.main]} unit={unit} />}
      {worked.type === "sum" && worked.kernel === undefined ? (
        <ContributionsWork worked={worked} />
      ) : (
        <WindowWork worked={worked} />
      )}
      <dl class="ledger">
        {worked.type === "sum" && (
          <>
            <Line label={m.productsSum} value={isDone ? worked.result - worked.bias : soFar.value} />
            {!isDistance && <Line label={m.bias} value={worked.bias} isPending={!isDone} />}
          </>
        )}
        {worked.type !== "sum" && (
          <Line
            label={worked.type === "maximum" ? m.largest : m.average(worked.values.length)}
            value={worked.result}
            isPending={!isDone}
          />
        )}
        {worked.type === "sum" && <Line label={m.sum} value={worked.result} isPending={!isDone} isTotal />}
        {activation && (
          <Line
            label={layerMessages().applied[activation](isDone ? formatValue(worked.result) : "…")}
            value={activate(activation, worked.result)}
            isPending={!isDone}
            isTotal
          />
        )}
        {paper.kind === "output" && <Line label={m.softmax} value={probabilities[unit]} isPending={!isDone} isTotal />}
      </dl>
    </div>
  );
}

interface LineProps {
  readonly label: string;
  readonly value: number;
  /** Not computed yet. */
  readonly isPending?: boolean;
  readonly isTotal?: boolean;
}

function Line({ label, value, isPending, isTotal }: LineProps) {
  return (
    <div class={isTotal ? "total" : undefined}>
      <dt>{label}</dt>
      <dd>{isPending ? "…" : withMinus(value, 6)}</dd>
    </div>
  );
}

/** What the unit computes, in words. */
function describe(): string {
  const m = messages();
  const worked = arithmetic.value;
  const { paper } = selection.value ?? {};
  if (!worked || !paper || !structure.value) return "";
  const { input, layer } = structure.value.layers[paper.main];
  if (layer.type === "rbf") return m.doesCompare(input[0]);
  if (worked.type !== "sum") return m.doesPool(worked.type, worked.height, worked.width);
  if (worked.kernel === undefined) return m.doesConnect(worked.products.length);
  return m.doesConvolve(input[0], worked.kernel, worked.products.length);
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
