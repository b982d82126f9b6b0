import { Choice } from "../../../kit/Choice.js";
import { changeUrl, url } from "../../../state/url.js";
import { PANELS } from "../fields.js";
import { messages } from "../messages/index.js";
import { nameOfUnit } from "../names.js";
import { structure } from "../state/network.js";
import { selection } from "../state/response.js";
import { ExcitesPanel } from "./ExcitesPanel.js";
import { FiltersPanel } from "./FiltersPanel.js";
import { DETAIL_HEADING } from "./focusDetail.js";
import { SumPanel } from "./SumPanel.js";
import { WhyPanel } from "./WhyPanel.js";

const PANEL_VIEWS = { sum: SumPanel, filters: FiltersPanel, excites: ExcitesPanel, why: WhyPanel };

/** What is told of the selected unit. */
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
        {panel === "why" ? m.whyTitle : nameOfUnit(paper, shape, unit)}
      </h2>
      <Panel />
    </section>
  );
}
