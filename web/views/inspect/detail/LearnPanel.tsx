import { useComputed, useSignal } from "@preact/signals";
import { isActivation, unitPlace } from "../../../../src/model/index.js";
import { formatExact, formatValue, withMinus } from "../../../i18n/numbers.js";
import { Button, Choice, Select } from "../../../kit/controls.js";
import { learningRateOf } from "../../../state/settings.js";
import { slopeOf, type Term, unitTerms, weightCount, weightPlace, weightTerms } from "../calculation/backward.js";
import { messages } from "../messages/index.js";
import { assumedClass, backward, engineGradients, wantedClass } from "../state/learning.js";
import { response, select, selection } from "../state/response.js";
import { shownNetwork, shownRun, structure } from "../state/shownNetwork.js";
import { nameOfUnit, shortNameOfUnit } from "../state/unitNames.js";
import { NumberGrid } from "./NumberGrid.js";
import { StepPlayer } from "./StepPlayer.js";

/** Terms that are shown individually; the others are one step. */
const LARGEST = 10;
/** For networks from files. */
const USUAL_RATE = 0.01;

/** The backward pass of one image: how the loss depends on the selected unit, on one of its weights, and its update. */
export function LearnPanel() {
  const m = messages();
  if (!structure.value || !selection.value || !shownNetwork.value || !response.value) return null;
  if (!backward.value) return <p class="quiet">{m.noBackward}</p>;
  const { papers, layers } = structure.value;
  const { paper } = selection.value;
  const { gradients } = backward.value;
  return (
    <div class="learn-panel">
      <p class="quiet">{m.learnNote}</p>
      <Select
        label={m.gradientFor}
        options={shownNetwork.value.classes.map((name, index) => ({ value: String(index), label: name }))}
        value={String(wantedClass.value ?? 0)}
        onChange={(value) => {
          assumedClass.value = Number(value);
        }}
      />
      <Choice
        label={m.goBack}
        options={papers
          .toReversed()
          .map(({ term }) => ({ value: term, label: term === "Output" ? m.outputShort : term }))}
        value={paper.term}
        onChange={(term) => {
          const chosen = papers.find((one) => one.term === term);
          if (chosen) select(chosen, strongest(gradients[chosen.main + 1]));
        }}
      />
      <UnitGradient key={`unit ${paper.term}`} />
      {weightCount(layers[paper.main]) > 0 && <WeightGradient key={`weight ${paper.term}`} />}
    </div>
  );
}

/** How the loss depends on the selected unit: through every unit of the next layer that takes it. */
function UnitGradient() {
  const m = messages();
  const terms = useComputed<readonly Part[]>(() => {
    const { layers, papers } = structure.value ?? {};
    if (!layers || !papers || !selection.value || !response.value || !backward.value) return [];
    const { position, unit } = selection.value;
    const next = papers[position + 1];
    if (!next) {
      const isWanted = unit === wantedClass.value;
      const probability = backward.value.probabilities[unit];
      return [
        { name: m.probability, text: "", product: probability },
        { name: m.targetValue, text: "", product: isWanted ? -1 : 0 },
      ];
    }
    const { values, network } = response.value;
    const own = unitTerms(
      layers[next.main],
      unit,
      values[next.main],
      backward.value.gradients[next.main + 1],
      network.parameters,
    );
    return partsOf(own, (at) => shortNameOfUnit(next, layers[next.main].output, at));
  });
  if (!structure.value || !selection.value || !response.value || !backward.value) return null;
  const { layers } = structure.value;
  const { paper, unit } = selection.value;
  const last = layers[paper.last];
  const after = terms.value.reduce((sum, { product }) => sum + product, 0);
  const slope = slopeOf(last, response.value.values[paper.last + 1][unit]);
  const { layer } = layers[paper.main];
  // The bias of a unit without maps is added to it alone, so the loss depends on both alike.
  const bias =
    layers[paper.main].output.length === 1 && "name" in layer
      ? engineGradients.value?.get(`${layer.name}.bias`)?.data[unit]
      : undefined;
  return (
    <section>
      <h3>{m.unitGradient(nameOfUnit(paper, layers[paper.main].output, unit))}</h3>
      <Worked
        parts={terms}
        titles={[m.through, m.weightTimesGradient]}
        description={paper.kind === "output" ? m.outputGradient : m.chainRule(terms.value.length)}
      />
      <dl class="ledger">
        <div>
          <dt>{paper.kind === "output" ? m.lossByLogit : m.lossByUnit}</dt>
          <dd>{withMinus(after, 7)}</dd>
        </div>
        {isActivation(last.layer) && (
          <>
            <div>
              <dt>{m.slope}</dt>
              <dd>{withMinus(slope, 6)}</dd>
            </div>
            <div class="total">
              <dt>{m.lossBefore}</dt>
              <dd data-value="worked-unit">{withMinus(after * slope, 7)}</dd>
            </div>
          </>
        )}
        {bias !== undefined && (
          <div>
            <dt>{m.engineBias}</dt>
            <dd data-value="engine-unit">{withMinus(Number(bias), 7)}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}

/** How the loss depends on one weight of the selected unit, and what a step of gradient descent makes of it. */
function WeightGradient() {
  const m = messages();
  const picked = useSignal<number | undefined>(undefined);
  const all = useComputed(() => {
    const { layers } = structure.value ?? {};
    if (!layers || !selection.value || !response.value || !backward.value) return undefined;
    const { paper, unit } = selection.value;
    const [shaped, x, dy] = [
      layers[paper.main],
      response.value.values[paper.main],
      backward.value.gradients[paper.main + 1],
    ];
    const gradients = Float64Array.from({ length: weightCount(shaped) }, (_, weight) =>
      weightTerms(shaped, unit, weight, x, dy).reduce((sum, { product }) => sum + product, 0),
    );
    return { shaped, unit, x, dy, gradients };
  });
  const weight = useComputed(() => {
    const gradients = all.value?.gradients ?? new Float64Array(1);
    return picked.value !== undefined && picked.value < gradients.length ? picked.value : strongest(gradients);
  });
  const parts = useComputed<readonly Part[]>(() => {
    if (!all.value || !selection.value) return [];
    const { shaped, unit, x, dy } = all.value;
    const { paper } = selection.value;
    return partsOf(weightTerms(shaped, unit, weight.value, x, dy), (at) => shortNameOfUnit(paper, shaped.output, at));
  });
  if (!all.value || !selection.value || !response.value) return null;
  const { shaped, unit, gradients } = all.value;
  const place = weightPlace(shaped, unit, weight.value);
  const now = Number(place && response.value.network.parameters.get(place.name)?.data[place.index]);
  const engine = place && engineGradients.value?.get(place.name)?.data[place.index];
  const worked = parts.value.reduce((sum, { product }) => sum + product, 0);
  const rate = shownRun.value ? learningRateOf(shownRun.value.recipe) : USUAL_RATE;
  const { layer, input } = shaped;
  const kernel = layer.type === "conv2d" ? layer.kernel : undefined;
  const map = kernel === undefined ? 0 : Math.floor(weight.value / kernel ** 2);
  const pickIn = (other: number) => {
    if (kernel !== undefined) picked.value = other * kernel ** 2 + (weight.value % kernel ** 2);
  };
  const largest = Math.max(1e-30, ...gradients.map(Math.abs));
  // One power of ten for the whole grid, so that its cells stay short.
  const power = Math.floor(Math.log10(largest));
  return (
    <section>
      <h3>{m.weightGradient}</h3>
      {kernel !== undefined && (
        <>
          {input[0] > 1 && (
            <div class="map-choice">
              <Button icon="back" label={m.mapBefore} disabled={map === 0} onClick={() => pickIn(map - 1)} />
              <p>{m.inputMap(map + 1, input[0])}</p>
              <Button icon="step" label={m.mapAfter} disabled={map === input[0] - 1} onClick={() => pickIn(map + 1)} />
            </div>
          )}
          <NumberGrid
            caption={m.kernelGradient(superscript(power))}
            columns={kernel}
            cells={Array.from({ length: kernel ** 2 }, (_, tap) => {
              const gradient = gradients[map * kernel ** 2 + tap];
              return {
                text: withMinus(gradient / 10 ** power, 1),
                share: gradient / largest,
                isCurrent: weight.value === map * kernel ** 2 + tap,
                isPending: false,
              };
            })}
            onPick={(tap) => {
              picked.value = map * kernel ** 2 + tap;
            }}
          />
        </>
      )}
      {layer.type === "linear" && (
        <Select
          label={m.weightFrom}
          options={largestFirst(gradients).map((index) => ({ value: String(index), label: nameOfInput(index) }))}
          value={String(weight.value)}
          onChange={(value) => {
            picked.value = Number(value);
          }}
        />
      )}
      <Worked
        parts={parts}
        titles={[m.usedBy, m.inputTimesGradient]}
        description={m.weightRule(parts.value.length, kernel === undefined ? "" : placeOfTap(weight.value, kernel))}
      />
      <dl class="compare">
        <div>
          <dt>{m.engineSays}</dt>
          <dd class="exact" data-value="engine-weight">
            {engine === undefined ? "…" : formatExact(Number(engine))}
          </dd>
        </div>
        <div>
          <dt>{m.workedOut}</dt>
          <dd class="exact" data-value="worked-weight">
            {formatExact(worked)}
          </dd>
        </div>
      </dl>
      <h3>{m.update}</h3>
      <p class="quiet">{m.updateNote(String(rate))}</p>
      <dl class="ledger">
        <div>
          <dt>{m.weightNow}</dt>
          <dd>{withMinus(now, 7)}</dd>
        </div>
        <div>
          <dt>{m.stepIs(String(rate), formatValue(worked))}</dt>
          <dd>{withMinus(-rate * worked, 7)}</dd>
        </div>
        <div class="total">
          <dt>{m.weightThen}</dt>
          <dd data-value="worked-update">{withMinus(now - rate * worked, 7)}</dd>
        </div>
        {engine !== undefined && (
          <div>
            <dt>{m.engineThen}</dt>
            <dd data-value="engine-update">{withMinus(Math.fround(now - rate * Number(engine)), 7)}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}

/** A step of a sum. */
interface Part {
  readonly name: string;
  /** The factors: "0.3 × −0.02". */
  readonly text: string;
  readonly product: number;
}

/** The largest terms by name, and all others together. */
function partsOf(terms: readonly Term[], nameOf: (unit: number) => string): Part[] {
  const order = terms.toSorted((one, other) => Math.abs(other.product) - Math.abs(one.product));
  const shown = order.slice(0, LARGEST).map(({ unit, factor, gradient, product }) => ({
    name: nameOf(unit),
    text: `${formatValue(factor)} × ${formatValue(gradient)}`,
    product,
  }));
  const others = order.slice(LARGEST);
  if (others.length === 0) return shown;
  const product = others.reduce((sum, one) => sum + one.product, 0);
  return [...shown, { name: messages().others(others.length), text: "", product }];
}

interface WorkedProps {
  readonly parts: { readonly value: readonly Part[] };
  /** Of the columns. */
  readonly titles: readonly [name: string, factors: string];
  readonly description: string;
}

/** A sum, part by part. */
function Worked({ parts, titles, description }: WorkedProps) {
  const m = messages();
  const done = useSignal<number | undefined>(undefined);
  const total = useComputed(() => parts.value.length);
  const reached = useComputed(() => (done.value === undefined ? undefined : Math.min(done.value, total.value)));
  const shown = reached.value ?? total.value;
  const current = reached.value === undefined ? undefined : parts.value[reached.value - 1];
  const sum = parts.value.slice(0, shown).reduce((all, { product }) => all + product, 0);
  const largest = Math.max(1e-30, ...parts.value.map(({ product }) => Math.abs(product)));
  return (
    <>
      {total.value === 1 ? (
        <p class="quiet">{description}</p>
      ) : (
        <StepPlayer
          total={total}
          done={reached}
          onShow={(wanted) => {
            done.value = wanted === undefined ? undefined : Math.min(total.peek(), Math.max(0, wanted));
          }}
          text={current ? m.addsPart(current.name, formatValue(current.product), formatValue(sum)) : description}
        />
      )}
      <table class="contributions">
        <caption class="visually-hidden">{titles[1]}</caption>
        <thead>
          <tr>
            <th scope="col">{titles[0]}</th>
            <th scope="col">{titles[1]}</th>
            <th scope="col">{m.product}</th>
          </tr>
        </thead>
        <tbody>
          {parts.value.map((part, index) => (
            <tr key={part.name} class={`${part === current ? "current" : ""}${index >= shown ? " pending" : ""}`}>
              <th scope="row">{part.name}</th>
              <td>{part.text}</td>
              <td class={part.product < 0 ? "negative" : "positive"}>
                <span class="bar" style={{ width: `${((100 * Math.abs(part.product)) / largest).toFixed(0)}%` }} />
                <span>{formatValue(part.product)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** A power of ten: 10⁻³. */
function superscript(power: number): string {
  return `10${[...String(power)].map((digit) => SUPERSCRIPTS[digit]).join("")}`;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = Object.fromEntries(
  [..."-0123456789"].map((digit, index) => [digit, [..."⁻⁰¹²³⁴⁵⁶⁷⁸⁹"][index]]),
);

/** The index of the value of largest magnitude. */
function strongest(values: Float64Array): number {
  return values.reduce((best, value, index) => (Math.abs(value) > Math.abs(values[best]) ? index : best), 0);
}

/** The indices of the values of largest magnitude, largest first. */
function largestFirst(values: Float64Array): number[] {
  return [...values.keys()].sort((one, other) => Math.abs(values[other]) - Math.abs(values[one])).slice(0, 40);
}

/** The name of a value that the selected layer takes. */
function nameOfInput(index: number): string {
  const m = messages();
  if (!structure.value || !selection.value) return String(index);
  const { layers, papers } = structure.value;
  const before = papers[selection.value.position - 1];
  return before ? shortNameOfUnit(before, layers[before.last].output, index) : m.inputPlace(index + 1);
}

/** A weight's place in its kernel, counted from 1: "row 2, column 5". */
function placeOfTap(weight: number, kernel: number): string {
  const [, row, column] = unitPlace([1, kernel, kernel], weight % kernel ** 2);
  return messages().tap(row + 1, column + 1);
}
