import { SOURCES, type Source } from "../../../address/inspectFields.js";
import { changeUrl } from "../../../address/url.js";
import { Choice } from "../../../kit/Choice.js";
import { messages } from "../messages/index.js";
import { parts } from "../state/choosableImages.js";
import { source } from "../state/shownImage.js";
import { CameraShot } from "./CameraShot.js";
import { DataPicker } from "./DataPicker.js";
import { DrawPad } from "./DrawPad.js";
import { FilePicker } from "./FilePicker.js";

const SOURCE_VIEWS: Readonly<Record<Source, () => preact.JSX.Element | null>> = {
  draw: DrawPad,
  data: DataPicker,
  file: FilePicker,
  camera: CameraShot,
};

/** Chooses the source of the image. */
export function SourcePanel() {
  const m = messages();
  const SourceView = SOURCE_VIEWS[source.value];
  const available = SOURCES.filter((one) => one !== "data" || parts.value.length > 0);
  return (
    <section class="source" aria-label={m.image}>
      <Choice
        label={m.image}
        options={available.map((value) => ({ value, label: m.sources[value] }))}
        value={source.value}
        onChange={(inspectSource) => changeUrl({ inspectSource })}
      />
      <SourceView />
    </section>
  );
}
