import { useComputed } from "@preact/signals";
import { unitPlace } from "../../../../src/model/index.js";
import { FILTER_KINDS } from "../../../address/inspectFields.js";
import { changeUrl, url } from "../../../address/url.js";
import { formatValue } from "../../../i18n/numbers.js";
import { Choice, Select } from "../../../kit/controls.js";
import { difference, type KernelMaps, kernelMaps } from "../calculation/kernels.js";
import { canvasColors } from "../layers/colors.js";
import { Legend } from "../layers/Legend.js";
import { mapPixels, paintMaps } from "../layers/paint.js";
import { rangeOf } from "../layers/range.js";
import { Sheet } from "../layers/Sheet.js";
import { messages } from "../messages/index.js";
import { assumedClass, engineGradients, wantedClass } from "../state/learning.js";
import { select, selection } from "../state/response.js";
import { shownNetwork, structure, timeline } from "../state/shownNetwork.js";
import { nameOfMap } from "../state/unitNames.js";

/** The filters that lead to the selected map, their gradients, and their change since the start of training. */
export function FiltersPanel() {
  const m = messages();
  const shown = useComputed<KernelMaps | undefined>(() => {
    const current = structure.value;
    if (!current || !selection.value || !shownNetwork.value) return undefined;
    const { paper, unit } = selection.value;
    const [map] = unitPlace(current.layers[paper.main].output, unit);
    const { input } = current.layers[paper.main];
    // All filters of the first convolution are shown at once; for other layers, those of the selected map, one per
    // input map.
    const wantedMap = input.length === 3 && input[0] <= 3 ? undefined : map;
    const of = (tensors: Parameters<typeof kernelMaps>[3]) =>
      kernelMaps(current.layers, paper.main, wantedMap, tensors);
    const weights = of(shownNetwork.value.parameters);
    if (!weights || url.value.inspectFilters === "weights") return weights;
    if (url.value.inspectFilters === "change") {
      const first = timeline.value[0];
      const initial = first && of(first.parameters);
      return initial && difference(weights, initial);
    }
    return engineGradients.value && of(engineGradients.value);
  });
  const range = useComputed(() => rangeOf(shown.value?.values ?? new Float32Array(0), "signed"));
  if (!structure.value || !selection.value || !shownNetwork.value) return null;
  const { layers, papers } = structure.value;
  const { paper, unit } = selection.value;
  const shape = layers[paper.main].output;
  const learning = papers.filter(({ main }) => layers[main].parameters.length > 0);
  const [map] = unitPlace(shape, unit);
  const isFirst = layers[paper.main].input.length === 3 && layers[paper.main].input[0] <= 3;
  const kinds = FILTER_KINDS.filter((kind) => kind !== "change" || timeline.value.length > 0);
  const kind = kinds.find((one) => one === url.value.inspectFilters) ?? "weights";
  const maps = shown.value;
  return (
    <div class="filters-panel">
      <Choice
        label={m.filtersOf}
        options={learning.map(({ term }) => ({ value: term, label: term === "Output" ? m.outputShort : term }))}
        value={learning.includes(paper) ? paper.term : ""}
        onChange={(term) => {
          const chosen = papers.find((one) => one.term === term);
          if (chosen) select(chosen, 0);
        }}
      />
      <Choice
        label={m.filtersShow}
        options={kinds.map((value) => ({ value, label: m.filterKinds[value] }))}
        value={kind}
        onChange={(inspectFilters) => changeUrl({ inspectFilters })}
      />
      {kind === "gradients" && (
        <Select
          label={m.gradientFor}
          options={shownNetwork.value.classes.map((name, index) => ({ value: String(index), label: name }))}
          value={String(wantedClass.value ?? 0)}
          onChange={(value) => {
            assumedClass.value = Number(value);
          }}
        />
      )}
      {!maps && <p class="quiet">{layers[paper.main].parameters.length === 0 ? m.noFilters : m.noChange}</p>}
      {maps && (
        <>
          <p class="quiet">
            {isFirst
              ? m.allFilters(maps.count, maps.height)
              : (maps.height === 1 ? m.weightsTo : m.filtersTo)(nameOfMap(paper, shape, map), maps.count)}
          </p>
          <Sheet
            count={maps.count}
            height={maps.height}
            width={maps.width}
            room={{ height: 360, mostScale: maps.height === 1 ? 14 : 18, gap: maps.height === 1 ? 1 : 6 }}
            name={`${m.panels.filters}, ${nameOfMap(paper, shape, map)}`}
            label={m.filtersLabel(m.filterKinds[kind], nameOfMap(paper, shape, map), formatValue(range.value.most))}
            paint={(context, layout) => {
              if (!shown.value) return;
              paintMaps(context, layout, mapPixels(shown.value.values, range.value, canvasColors.value));
            }}
          />
          <Legend range={range} palette="diverging" />
        </>
      )}
      {timeline.value.length > 1 && <p class="quiet">{m.scrubHint}</p>}
    </div>
  );
}
