import { useComputed } from "@preact/signals";
import { useMedia } from "../../../kit/useMedia.js";
import { messages } from "../messages/index.js";
import { background } from "../state/choosablePictures.js";
import { response } from "../state/response.js";
import { shownNetwork } from "../state/shownNetwork.js";
import { shownPicture } from "../state/shownPicture.js";
import { canvasColors } from "./colors.js";
import { paintMarks } from "./marks.js";
import { frameMaps, paintMaps, picturePixels } from "./paint.js";
import { Sheet } from "./Sheet.js";

/** The picture as the network gets it, and what it takes it for. */
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
        <h3>{m.input}</h3>
        <p>{m.shapeOf(channels, height, width)}</p>
      </header>
      <Sheet
        count={1}
        height={height}
        width={width}
        room={{ height: isWide ? 90 : 112, mostScale: 4, gap: 0 }}
        label={label}
        paint={(context, layout) => {
          const picture = shownPicture.value;
          if (!picture) return;
          const colors = canvasColors.value;
          paintMaps(context, layout, picturePixels(picture.pixels, channels, background.value, colors));
          frameMaps(context, layout, colors.line);
          paintMarks(context, layout, -1);
        }}
      />
    </section>
  );
}
