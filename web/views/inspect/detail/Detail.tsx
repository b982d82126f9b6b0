import { PANELS } from "../../../address/inspectFields.js";
import { changeUrl, url } from "../../../address/url.js";
import { Choice } from "../../../kit/controls.js";
import { DETAIL_HEADING } from "../layers/keyboard.js";
import { messages } from "../messages/index.js";
import { selection } from "../state/response.js";
import { structure } from "../state/shownNetwork.js";
import { nameOfUnit } from "../state/unitNames.js";
import { EmbeddingPanel } from "./EmbeddingPanel.js";
import { ExcitesPanel } from "./ExcitesPanel.js";
import { FiltersPanel } from "./FiltersPanel.js";
import { FoolPanel } from "./FoolPanel.js";
import { LearnPanel } from "./LearnPanel.js";
import { SumPanel } from "./SumPanel.js";
import { WhyPanel } from "./WhyPanel.js";

const PANEL_VIEWS = {
  sum: SumPanel,
  filters: FiltersPanel,
  excites: ExcitesPanel,
  why: WhyPanel,
  learn: LearnPanel,
  fool: FoolPanel,
  embedding: EmbeddingPanel,
};

/** The details of the selected unit. */
export function Detail() {
  const m = messages();
  if (!structure.value || !selection.value) return null;
  const { paper, unit } = selection.value;
  const shape = structure.value.layers[paper.main].output;
  const panel = url.value.inspectPanel;
  const Panel = PANEL_VIEWS[panel];
  return (
    <section class="detail" aria-labelledby={DETAIL_HEADING}>
      <Choice
        label={m.panel}
        options={PANELS.map((value) => ({ value, label: m.panels[value] }))}
        value={panel}
        onChange={(inspectPanel) => changeUrl({ inspectPanel })}
      />
      <h2 id={DETAIL_HEADING} tabIndex={-1}>
        {m.panelTitles[panel] || nameOfUnit(paper, shape, unit)}
      </h2>
      <Panel />
    </section>
  );
}
