import { formatValue } from "../../../i18n/numbers.js";
import type { WeightedSum } from "../calculation/arithmetic.js";
import { messages } from "../messages/index.js";
import { select, selection } from "../state/response.js";
import { structure } from "../state/shownNetwork.js";
import { currentStep, steps, stepsDone } from "../state/steps.js";
import { shortNameOfUnit } from "../state/unitNames.js";

/** A unit of a linear layer: its largest contributions and the sum of all others. */
export function ContributionsWork({ worked }: { readonly worked: WeightedSum }) {
  const m = messages();
  if (!structure.value || !selection.value) return null;
  const { layers, papers } = structure.value;
  const isDistance = layers[selection.value.paper.main].layer.type === "rbf";
  const before = papers[selection.value.position - 1];
  const done = stepsDone.value ?? steps.value.length;
  const largest = Math.max(
    1e-12,
    ...steps.value.map((step) =>
      step.type === "item"
        ? Math.abs(worked.products[step.item].product)
        : step.type === "others"
          ? Math.abs(step.sum)
          : 0,
    ),
  );
  return (
    <table class="contributions">
      <caption class="visually-hidden">{m.contributions}</caption>
      <thead>
        <tr>
          <th scope="col">{m.from}</th>
          <th scope="col">{isDistance ? m.differenceTimesShare : m.valueTimesWeight}</th>
          <th scope="col">{m.product}</th>
        </tr>
      </thead>
      <tbody>
        {steps.value.map((step, place) => {
          if (step.type === "bias") return null;
          const isOthers = step.type === "others";
          const product = isOthers ? step.sum : worked.products[step.item].product;
          const marks = `${currentStep.value === step ? "current" : ""}${place >= done ? " pending" : ""}`;
          return (
            <tr key={isOthers ? "others" : step.item} class={marks}>
              <th scope="row">
                {isOthers ? (
                  m.others(step.count)
                ) : before ? (
                  <button type="button" class="link" onClick={() => select(before, step.item)}>
                    {shortNameOfUnit(before, layers[before.last].output, step.item)}
                  </button>
                ) : (
                  m.inputPlace(step.item + 1)
                )}
              </th>
              <td>
                {!isOthers &&
                  `${formatValue(worked.products[step.item].value)} × ${formatValue(worked.products[step.item].weight)}`}
              </td>
              <td class={product < 0 ? "negative" : "positive"}>
                <span class="bar" style={{ width: `${((100 * Math.abs(product)) / largest).toFixed(0)}%` }} />
                <span>{formatValue(product)}</span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
