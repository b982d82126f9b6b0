import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { REASONS } from "../../../address/inspectFields.js";
import { changeUrl, url } from "../../../address/url.js";
import { Choice, Select } from "../../../kit/controls.js";
import type { Attributions } from "../../../worker/inspect/protocol.js";
import { canvasColors } from "../layers/colors.js";
import { Legend } from "../layers/Legend.js";
import { imagePixels, overlayPixels, paintMaps } from "../layers/paint.js";
import { rangeOf } from "../layers/range.js";
import { Sheet } from "../layers/Sheet.js";
import { messages } from "../messages/index.js";
import { background } from "../state/choosableImages.js";
import { response } from "../state/response.js";
import { type ShownImage, shownImage } from "../state/shownImage.js";
import { shownNetwork } from "../state/shownNetwork.js";
import { useLatest } from "./inspectTask.js";

interface Explained {
  readonly image: ShownImage;
  readonly attributions: Attributions;
}

/** Saliency maps: which pixels the prediction depends on, overlaid on the image. */
export function WhyPanel() {
  const m = messages();
  const explained = useSignal<Explained | undefined>(undefined);
  const wanted = useComputed(() => url.value.inspectFor ?? response.value?.prediction);
  const ask = useLatest();
  useSignalEffect(() => {
    const network = shownNetwork.value;
    const image = shownImage.value;
    const classIndex = wanted.value;
    if (!network || !image || classIndex === undefined) return;
    const { model, parameters, normalization } = network;
    const task = { type: "attribute", pixels: image.pixels, classIndex, background: background.value } as const;
    ask({ network: { model, parameters, normalization }, task }, (event) => {
      if (event.type === "attributed") explained.value = { image, attributions: event.attributions };
    });
  });
  const reason = url.value.inspectReason;
  const range = useComputed(() =>
    rangeOf(
      explained.value?.attributions[url.value.inspectReason] ?? new Float32Array(0),
      url.value.inspectReason === "gradient" ? "positive" : "signed",
    ),
  );
  const network = shownNetwork.value;
  if (!network) return null;
  const { channels, height, width } = network.model.input;
  const name = network.classes[wanted.value ?? 0] ?? String(wanted.value);
  return (
    <div class="why-panel">
      <Select
        label={m.whyFor}
        options={[
          { value: "", label: m.predicted },
          ...network.classes.map((one, index) => ({ value: String(index), label: one })),
        ]}
        value={url.value.inspectFor === undefined ? "" : String(url.value.inspectFor)}
        onChange={(value) => changeUrl({ inspectFor: value === "" ? undefined : Number(value) })}
      />
      <Choice
        label={m.reason}
        options={REASONS.map((value) => ({ value, label: m.reasons[value] }))}
        value={reason}
        onChange={(inspectReason) => changeUrl({ inspectReason })}
      />
      <Sheet
        count={1}
        height={height}
        width={width}
        room={{ height: 300, mostScale: 10, gap: 0 }}
        name={m.panelTitles.why}
        label={m.whyLabel(m.reasons[reason], name)}
        paint={(context, layout) => {
          const { image = shownImage.value, attributions } = explained.value ?? {};
          if (!image) return;
          const colors = canvasColors.value;
          const ground = imagePixels(image.pixels, channels, background.value, colors);
          const values = attributions?.[url.value.inspectReason] ?? new Float32Array(height * width);
          paintMaps(context, layout, overlayPixels(ground, values, range.value, colors));
        }}
      />
      <Legend range={range} palette={reason === "gradient" ? "upper" : "diverging"} />
      <p class="quiet">{m.reasonNotes[reason](name)}</p>
    </div>
  );
}
