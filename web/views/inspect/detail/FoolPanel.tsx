import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useId } from "preact/hooks";
import type { NamedTensors } from "../../../../src/model/index.js";
import { changeUrl, url } from "../../../address/url.js";
import { formatPercent } from "../../../i18n/numbers.js";
import { Button, Select } from "../../../kit/controls.js";
import { changedBy } from "../../../worker/inspect/fool.js";
import type { Fooling } from "../../../worker/inspect/protocol.js";
import { canvasColors } from "../layers/colors.js";
import { imagePixels, mapPixels, paintMaps } from "../layers/paint.js";
import { Sheet } from "../layers/Sheet.js";
import { messages } from "../messages/index.js";
import { background } from "../state/choosableImages.js";
import { type ShownImage, shownImage, takeBytes } from "../state/shownImage.js";
import { shownNetwork } from "../state/shownNetwork.js";
import { useLatest } from "./inspectTask.js";

/** The image that is being fooled with, and how. */
interface Fooled {
  readonly image: ShownImage;
  readonly target: number | undefined;
  readonly parameters: NamedTensors;
  readonly fooling: Fooling;
}

/** An adversarial example: a slider changes every pixel a little in the direction of the gradient. */
export function FoolPanel() {
  const m = messages();
  const id = useId();
  const strength = useSignal(0);
  const fooled = useSignal<Fooled | undefined>(undefined);
  const ask = useLatest();
  useSignalEffect(() => {
    const network = shownNetwork.value;
    const image = shownImage.value;
    const target = url.value.inspectTarget;
    if (!network || !image) return;
    const { model, parameters, normalization } = network;
    const task = { type: "fool", pixels: image.pixels, target } as const;
    ask({ network: { model, parameters, normalization }, task }, (event) => {
      if (event.type === "fooled") fooled.value = { image, target, parameters, fooling: event.fooling };
    });
  });
  const outcome = useComputed(() => fooled.value && outcomeOf(fooled.value.fooling, strength.value));
  const network = shownNetwork.value;
  if (!network || !fooled.value || !outcome.value) return <p class="quiet">{m.fooling}</p>;
  const { channels, height, width } = network.model.input;
  const nameOf = (index: number) => network.classes[index] ?? String(index);
  const { before, now, probability, least } = outcome.value;
  const { label } = fooled.value.image;
  const isStale =
    fooled.value.image !== shownImage.value ||
    fooled.value.target !== url.value.inspectTarget ||
    fooled.value.parameters !== network.parameters;
  const changed = () =>
    fooled.value && changedBy(fooled.value.image.pixels, fooled.value.fooling.direction, strength.value);
  return (
    <div class="fool-panel" aria-busy={isStale}>
      <p class="quiet">{m.foolNote}</p>
      <Select
        label={m.foolTarget}
        options={[
          { value: "", label: m.anyOther },
          ...network.classes.map((one, index) => ({ value: String(index), label: one })),
        ]}
        value={url.value.inspectTarget === undefined ? "" : String(url.value.inspectTarget)}
        onChange={(value) => changeUrl({ inspectTarget: value === "" ? undefined : Number(value) })}
      />
      <div class="strength">
        <label for={id}>{m.strength}</label>
        <input
          id={id}
          type="range"
          min={0}
          max={fooled.value.fooling.strengths - 1}
          step={1}
          value={strength.value}
          aria-valuetext={m.strengthOf(strength.value)}
          onInput={({ currentTarget }) => {
            strength.value = currentTarget.valueAsNumber;
          }}
        />
        <output for={id}>{m.strengthOf(strength.value)}</output>
      </div>
      <p class={now === before ? "verdict" : "verdict is-fooled"} role="status">
        {now === before
          ? m.notFooled(nameOf(now), formatPercent(probability))
          : now === label
            ? m.corrected(nameOf(now), formatPercent(probability))
            : m.fooled(nameOf(now), formatPercent(probability), nameOf(label ?? before))}
      </p>
      <div class="pair">
        <Sheet
          count={1}
          height={height}
          width={width}
          room={{ height: 150, mostScale: 5, gap: 0 }}
          name={m.foolImage}
          label={m.foolLabel(nameOf(now), strength.value)}
          paint={(context, layout) => {
            const pixels = changed();
            if (pixels) paintMaps(context, layout, imagePixels(pixels, channels, background.value, canvasColors.value));
          }}
        />
        <Sheet
          count={1}
          height={height}
          width={width}
          room={{ height: 150, mostScale: 5, gap: 0 }}
          label={m.changeLabel}
          paint={(context, layout) => {
            const pixels = changed();
            if (!pixels || !fooled.value) return;
            const { pixels: original } = fooled.value.image;
            const difference = Float32Array.from(
              { length: height * width },
              (_, place) => pixels[place] - original[place],
            );
            paintMaps(context, layout, mapPixels(difference, { least: -64, most: 64 }, canvasColors.value));
          }}
        />
      </div>
      <p class="quiet">{m.changeNote}</p>
      <div class="buttons">
        <Button
          disabled={least === undefined || isStale}
          onClick={() => {
            strength.value = least ?? 0;
          }}
        >
          {least === undefined ? m.neverFooled : m.leastStrength(least)}
        </Button>
        <Button
          disabled={isStale}
          onClick={() => {
            const pixels = changed();
            if (pixels) takeBytes(pixels);
          }}
        >
          {m.lookAtIt}
        </Button>
      </div>
    </div>
  );
}

/** What the network makes of the image at a strength, and the least strength that changes its answer. */
function outcomeOf({ probabilities, strengths }: Fooling, strength: number) {
  const classes = probabilities.length / strengths;
  const answers = Array.from({ length: strengths }, (_, index) => {
    const of = probabilities.subarray(index * classes, (index + 1) * classes);
    return of.indexOf(Math.max(...of));
  });
  const least = answers.findIndex((answer) => answer !== answers[0]);
  return {
    before: answers[0],
    now: answers[strength],
    probability: probabilities[strength * classes + answers[strength]],
    least: least === -1 ? undefined : least,
  };
}
