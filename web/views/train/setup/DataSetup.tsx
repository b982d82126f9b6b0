import { DATA_SOURCES, RANGES } from "../../../address/trainFields.js";
import { changeUrl, url } from "../../../address/url.js";
import { Choice } from "../../../kit/controls.js";
import { messages } from "../messages/index.js";
import { DataStatus } from "./DataStatus.js";
import { NumberSetting } from "./NumberSetting.js";
import { OwnImages } from "./OwnImages.js";
import { Samples } from "./Samples.js";

/** The choice of training images. */
export function DataSetup() {
  const m = messages();
  const { data, count } = url.value;
  return (
    <section>
      <h2>{m.data}</h2>
      <Choice
        label={m.data}
        options={DATA_SOURCES.map((value) => ({ value, label: m.sources[value] }))}
        value={data}
        onChange={(source) => changeUrl({ data: source })}
      />
      {data === "digits" && (
        <>
          <p class="quiet">{m.digitsNote}</p>
          <NumberSetting
            label={m.count}
            range={RANGES.count}
            value={count}
            standard={10_000}
            onChange={(value) => changeUrl({ count: value ?? 10_000 })}
          />
        </>
      )}
      {data === "own" && <OwnImages />}
      <DataStatus />
      <Samples />
    </section>
  );
}
