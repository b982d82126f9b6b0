import { computed, signal } from "@preact/signals";
import { elementCount, unitPlace } from "../../../src/model/index.js";
import { useWidth } from "../../kit/hooks.js";
import { SceneNetwork, structureOf } from "../../scene/arithmetic.js";
import { sceneColors } from "../../scene/colors.js";
import { type Hit, LEAST_HEIGHT, layoutAcross } from "../../scene/layout.js";
import { inputImage, type Picture } from "../../scene/paint.js";
import { Scene } from "../../scene/Scene.js";
import { strongestPlace } from "../../scene/words.js";
import { messages } from "./messages/index.js";
import { background, classesAreCharacters } from "./state/choosableImages.js";
import { response, select, selection } from "./state/response.js";
import { shownImage } from "./state/shownImage.js";
import { shownNetwork, structure } from "./state/shownNetwork.js";

/** The width below which the rows of maps alone show the network. */
const LEAST_WIDTH = 860;
/** The width that the layout is designed for, without an answer at its end. */
const DESIGN_WIDTH = 1264;

const sceneStructure = computed(() => shownNetwork.value && structureOf(shownNetwork.value.model));

const network = computed(() => {
  const shown = shownNetwork.value;
  const own = sceneStructure.value;
  return shown && own && new SceneNetwork(own, shown.parameters);
});

const values = computed(() => {
  const normalized = response.value?.values[0];
  // A response to another model would not fit.
  const fits = normalized?.length === elementCount(network.value?.structure.layers[0]?.input ?? [0]);
  return normalized && fits ? network.value?.forward(Float64Array.from(normalized)) : undefined;
});

/** What the scene shows: what each part adds to the selected unit. */
const picture = computed<Picture | undefined>(() => {
  const [own, all, selected, answer, shown] = [
    network.value,
    values.value,
    selection.value,
    response.value,
    shownNetwork.value,
  ];
  if (!own || !all || !selected || !answer || !shown) return undefined;
  const { stages } = own.structure;
  const unit = { stage: selected.position + 1, index: selected.unit };
  return {
    structure: own.structure,
    values: stages.map(({ last }) => all[last + 1]),
    contributions: own.contributions(all, unit),
    probabilities: answer.probabilities,
    classes: shown.classes,
    chosen: unit,
    sum: undefined,
    input: input.value,
  };
});

const input = computed(() => {
  const pixels = shownImage.value?.pixels;
  const shape = shownNetwork.value?.model.input;
  return pixels && shape && inputImage(pixels, shape, background.value, sceneColors.value);
});

/** The scene is shown only while there is a picture. */
const scenePicture = computed(() => picture.value as Picture);

const noLight = signal(0);

/** The whole network as one picture, with what each part adds to the selected unit. */
export function Whole() {
  const m = messages();
  const [box, width] = useWidth<HTMLDivElement>();
  const shown = picture.value;
  const isShown = shown !== undefined && width >= LEAST_WIDTH;
  return (
    <section class="whole" ref={box} hidden={!structure.value}>
      {isShown && (
        <details open>
          <summary>{m.whole}</summary>
          <p class="quiet">{m.wholeAbout}</p>
          <Scene
            picture={scenePicture}
            layout={layoutAcross(shown.structure, {
              width,
              unit: width / DESIGN_WIDTH,
              height: (LEAST_HEIGHT + 20) * (width / DESIGN_WIDTH),
              hasWords: !classesAreCharacters.value,
              answer: 0,
            })}
            isEased={() => false}
            light={noLight}
            onChoose={choose}
            onFocusRow={() => {}}
          />
        </details>
      )}
    </section>
  );
}

/** Selects a map's strongest place or, on the selected map, the one that was hit. */
function choose(hit: Hit | undefined): void {
  const shown = picture.peek();
  const papers = structure.peek()?.papers;
  if (!hit || !shown || !papers) return;
  const stage = shown.structure.stages[hit.stage];
  const size = stage.height * stage.width;
  const isSame = shown.chosen?.stage === hit.stage && mapOf(shown) === hit.map;
  const place = isSame && hit.place >= 0 ? hit.map * size + hit.place : undefined;
  select(papers[hit.stage - 1], place ?? strongestPlace(shown.values[hit.stage], stage, hit.map));
}

function mapOf({ structure: { layers, stages }, chosen }: Picture): number {
  return chosen ? unitPlace(layers[stages[chosen.stage].last].output, chosen.index)[0] : -1;
}
