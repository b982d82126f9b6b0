import { formatPercent } from "../../../i18n/numbers.js";
import { messages } from "../messages/index.js";
import { response } from "../state/response.js";
import { shownImage } from "../state/shownImage.js";
import { shownNetwork } from "../state/shownNetwork.js";

/** The network's prediction for the image. */
export function Prediction() {
  const m = messages();
  const classes = shownNetwork.value?.classes;
  const label = shownImage.value?.label;
  if (!response.value || !classes) return null;
  const { prediction, probabilities } = response.value;
  const order = [...probabilities.keys()].sort((one, other) => probabilities[other] - probabilities[one]);
  const nameOf = (index: number) => classes[index] ?? String(index);
  return (
    <div class="prediction">
      <p class="quiet">{m.prediction}</p>
      <p class={nameOf(prediction).length > 2 ? "answer long" : "answer"}>{nameOf(prediction)}</p>
      <p>{formatPercent(probabilities[prediction])}</p>
      {order.length > 1 && <p class="quiet">{m.next(nameOf(order[1]), formatPercent(probabilities[order[1]]))}</p>}
      {label !== undefined && <p class={label === prediction ? "quiet" : "wrong"}>{m.labelled(nameOf(label))}</p>}
    </div>
  );
}
