import { url } from "../../../address/url.js";
import { formatCount } from "../../../i18n/numbers.js";
import { useMedia } from "../../../kit/hooks.js";
import { messages } from "../messages/index.js";
import { DataSetup } from "./DataSetup.js";
import { DeviceSetup } from "./DeviceSetup.js";
import { RecipeSetup } from "./RecipeSetup.js";

/** From this width on, the setup is beside the results and always open. */
const WIDE = "(min-width: 60rem)";

/** Data and training settings; collapsible on narrow pages. */
export function Setup() {
  const isWide = useMedia(WIDE);
  return isWide ? (
    <section class="setup" aria-label={messages().setup}>
      <DataSetup />
      <RecipeSetup />
      <DeviceSetup />
    </section>
  ) : (
    <details class="setup">
      <summary>
        <strong>{messages().setup}</strong> <span class="quiet">{summary()}</span>
      </summary>
      <DataSetup />
      <RecipeSetup />
      <DeviceSetup />
    </details>
  );
}

function summary(): string {
  const m = messages();
  const { data, count, recipe, epochs } = url.value;
  const images = data === "digits" ? `${formatCount(count)} ${m.sources.digits}` : m.sources[data];
  return [images, m.recipes[recipe], `${m.epochCount} ${epochs}`].join(" · ");
}
