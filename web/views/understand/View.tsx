import "./understand.css";
import { useEffect } from "preact/hooks";
import { url } from "../../address/url.js";
import { Button } from "../../kit/controls.js";
import { useInSight } from "../../kit/hooks.js";
import { nameOfUnit } from "../../scene/words.js";
import { askReadyMade, currentNetwork, runToFollow } from "../../stage/networks.js";
import { HeldOutStepper, Picks, setsFor } from "../../stage/Picks.js";
import { type Said, Say } from "../../stage/Say.js";
import { Frame, Stage, shortcutsOf, useExample } from "../../stage/Stage.js";
import { useLiveParameters } from "../../state/live.js";
import { useShortcuts } from "../../state/shortcuts.js";
import { Changes } from "./Changes.js";
import { derive } from "./derivation/derive.js";
import { chosenModel, subject } from "./explained.js";
import { History } from "./History.js";
import { LayerTable, rowId } from "./LayerTable.js";
import { extentsText, termText } from "./labels.js";
import { ModelChoice } from "./ModelChoice.js";
import { messages } from "./messages/index.js";
import { Totals } from "./Totals.js";

const SHORTCUTS = shortcutsOf(subject);

/** The view "Understand". */
export function View() {
  useShortcuts(SHORTCUTS);
  const m = messages();
  const layers = derive(chosenModel.value);
  return (
    <div class="understand">
      <div class="beginning">
        <header class="lead">
          <h1>{m.title}</h1>
          <p>{m.lead}</p>
        </header>
        <ModelChoice />
        <NetworkPicture />
      </div>
      <LayerTable layers={layers} />
      <Totals layers={layers} />
      <History />
      <Changes />
    </div>
  );
}

/** The picture of the network that is explained. */
function NetworkPicture() {
  const [element, isInSight] = useInSight<HTMLDivElement>();
  useExample();
  useLiveParameters(() => (isInSight.value ? runToFollow() : undefined));
  useEffect(() => {
    if (!currentNetwork.peek()) void askReadyMade("digits");
  }, []);
  return (
    <div ref={element}>
      <Frame>
        {(size) => (
          <>
            <Say subject={subject} said={saidOfShape()} level="h2" />
            <Stage subject={subject} size={size} />
            <Picks sets={setsFor(subject.classes.value)}>
              <HeldOutStepper />
              <ToDerivation />
            </Picks>
          </>
        )}
      </Frame>
    </div>
  );
}

/** What is said of a network without weights. */
function saidOfShape(): Said | undefined {
  const m = messages();
  if (subject.isReady.value) return undefined;
  const { structure, chosen } = subject.picture.value;
  const { channels, height, width } = subject.inputShape.value;
  const headline = chosen
    ? nameOfUnit(subject.picture.value, chosen)
    : m.networkFor(extentsText([channels, height, width]));
  const isLoading = url.value.understandInput === undefined;
  return { headline, pieces: [{ text: isLoading ? m.loading : m.noWeights(termText(structure.stages[1].term)) }] };
}

/** Leads from the chosen part to the derivation of its layer. */
function ToDerivation() {
  const m = messages();
  const { structure, chosen } = subject.picture.value;
  if (!chosen) return null;
  const { main, term, kind } = structure.stages[chosen.stage];
  return (
    <Button
      onClick={() => {
        const row = document.getElementById(rowId(main + 1));
        row?.scrollIntoView({ block: "start" });
        row?.querySelector("button")?.focus({ preventScroll: true });
      }}
    >
      {m.toDerivation(kind === "output" ? m.output : term)}
    </Button>
  );
}
