import { useSignal } from "@preact/signals";
import { formatValue, withMinus } from "../../../i18n/numbers.js";
import { Button } from "../../../kit/controls.js";
import { type Arithmetic, type PooledWindow, runningSum, type WeightedSum } from "../calculation/arithmetic.js";
import { messages } from "../messages/index.js";
import { currentStep, steps, stepsDone } from "../state/steps.js";
import { type Cell, NumberGrid } from "./NumberGrid.js";

/** The window of a convolution or pooling unit, in numbers. */
export function WindowWork({ worked }: { readonly worked: Arithmetic }) {
  return worked.type === "sum" ? <Convolution worked={worked} /> : <Pooling worked={worked} />;
}

/** Values times kernel, one input map at a time. */
function Convolution({ worked: { kernel = 1, products } }: { readonly worked: WeightedSum }) {
  const m = messages();
  const size = kernel * kernel;
  const maps = products.length / size;
  const chosen = useSignal(0);
  const step = currentStep.value;
  const current = step?.type === "item" ? step.item : undefined;
  const map = Math.min(maps - 1, current === undefined ? chosen.value : Math.floor(current / size));
  const done = stepsDone.value ?? products.length;
  const window = products.slice(map * size, (map + 1) * size);
  const largest = (of: (place: number) => number) => Math.max(1e-12, ...window.map((_, place) => Math.abs(of(place))));
  const cells = (of: (place: number) => number, isPadding: (place: number) => boolean): Cell[] => {
    const most = largest(of);
    return window.map((_, place) => ({
      text: isPadding(place) ? "·" : short(of(place)),
      share: of(place) / most,
      isCurrent: map * size + place === current,
      isPending: map * size + place >= done,
    }));
  };
  const outside = (place: number) => window[place].place === undefined;
  const sumOfMap = runningSum(window, Math.max(0, Math.min(size, done - map * size)));
  return (
    <div class="window-work">
      {maps > 1 && (
        <div class="map-choice">
          <Button icon="back" label={m.mapBefore} disabled={map === 0} onClick={() => (chosen.value = map - 1)} />
          <p>{m.inputMap(map + 1, maps)}</p>
          <Button icon="step" label={m.mapAfter} disabled={map === maps - 1} onClick={() => (chosen.value = map + 1)} />
        </div>
      )}
      <div class="grids">
        <NumberGrid caption={m.window} columns={kernel} cells={cells((place) => window[place].value, outside)} />
        <span class="sign" aria-hidden="true">
          ×
        </span>
        <NumberGrid
          caption={m.kernel}
          columns={kernel}
          cells={cells(
            (place) => window[place].weight,
            () => false,
          )}
        />
        <NumberGrid caption={m.products} columns={kernel} cells={cells((place) => window[place].product, outside)} />
        <p class="of-map">
          {maps > 1 ? m.sumOfMap(map + 1) : m.sumOfWindow}
          <strong>{withMinus(sumOfMap, 4)}</strong>
        </p>
      </div>
    </div>
  );
}

function Pooling({ worked: { width, values, winner, type } }: { readonly worked: PooledWindow }) {
  const m = messages();
  const most = Math.max(1e-12, ...values.map(({ value }) => Math.abs(value)));
  const done = stepsDone.value ?? values.length;
  const step = currentStep.value;
  const cells = values.map(({ value }, place) => ({
    text: formatValue(value),
    share: value / most,
    isCurrent: step?.type === "item" ? step.item === place : type === "maximum" && place === winner,
    isPending: place >= done,
  }));
  return (
    <div class="window-work">
      <NumberGrid caption={m.window} columns={width} cells={cells} />
      {type === "maximum" && steps.value.length === done && <p class="quiet">{m.winner(winner + 1)}</p>}
    </div>
  );
}

/** A number short enough for a cell: −.48, 1.2, 12; 0 for zero. */
function short(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return withMinus(value, size >= 10 ? 0 : size >= 1 ? 1 : 2).replace("0.", ".");
}
