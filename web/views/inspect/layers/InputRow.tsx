import { useComputed } from "@preact/signals";
import { useMedia } from "../../../kit/hooks.js";
import { messages } from "../messages/index.js";
import { background } from "../state/choosableImages.js";
import { response } from "../state/response.js";
import { shownImage } from "../state/shownImage.js";
import { shownNetwork } from "../state/shownNetwork.js";
import { canvasColors } from "./colors.js";
import { frameMaps, imagePixels, paintMaps, paintMarks } from "./paint.js";
import { Sheet } from "./Sheet.js";

/** The image as the network sees it, and the prediction. */
export function InputRow() {
  const m = messages();
  const isWide = useMedia("(min-width: 44rem)");
  const input = shownNetwork.value?.model.input;
  const label = useComputed(() => {
    const classes = shownNetwork.value?.classes;
    const { prediction, probabilities } = response.value ?? {};
    if (!classes || prediction === undefined || !probabilities) return messages().input;
    return messages().inputLabel(classes[prediction] ?? String(prediction), 100 * probabilities[prediction]);
  });
  if (!input) return null;
  const { channels, height, width } = input;
  return (
    <section class="layer input" aria-label={m.input}>
      <header>
        <h2>{m.input}</h2>
        <p>{m.shapeOf(channels, height, width)}</p>
      </header>
      <Sheet
        count={1}
        height={height}
        width={width}
        room={{ height: isWide ? 90 : 112, mostScale: 4, gap: 0 }}
        label={label}
        name={m.input}
        paint={(context, layout) => {
          const image = shownImage.value;
          if (!image) return;
          const colors = canvasColors.value;
          paintMaps(context, layout, imagePixels(image.pixels, channels, background.value, colors));
          frameMaps(context, layout, colors.line);
          paintMarks(context, layout, -1);
        }}
      />
    </section>
  );
}
