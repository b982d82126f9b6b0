import "./train.css";
import { useInSight } from "../../kit/hooks.js";
import { HeldOutStepper, Picks, setsFor } from "../../stage/Picks.js";
import { Say } from "../../stage/Say.js";
import { Frame, Stage, shortcutsOf, useExample } from "../../stage/Stage.js";
import { useLiveParameters } from "../../state/live.js";
import { selectedRun } from "../../state/runs.js";
import { useShortcuts } from "../../state/shortcuts.js";
import { Confusion } from "./Confusion.js";
import { Curves } from "./Curves.js";
import { followAddress, go, playOrPause, reset } from "./controls.js";
import { Figures } from "./Figures.js";
import { Fleet } from "./Fleet.js";
import { messages } from "./messages/index.js";
import { saidBefore, subject } from "./picture.js";
import { RunList } from "./RunList.js";
import { Setup } from "./setup/Setup.js";
import { Diagnosis, Transport } from "./Transport.js";

const SHORTCUTS = {
  title: () => messages().title,
  shortcuts: [
    { key: " ", label: () => messages().playOrPause, act: playOrPause },
    { key: "b", label: () => messages().doStepBatch, act: () => go("batch") },
    { key: "e", label: () => messages().doStepEpoch, act: () => go("epoch") },
    { key: "r", label: () => messages().doReset, act: reset },
  ],
};

const STAGE_SHORTCUTS = shortcutsOf(subject);

void followAddress();

/** The view "Train". */
export function View() {
  useShortcuts(SHORTCUTS);
  useShortcuts(STAGE_SHORTCUTS);
  return (
    <div class="train">
      <NetworkPicture />
      <Transport />
      <Setup />
      <div class="results">
        <Diagnosis />
        <Figures />
        <Fleet />
        <Curves />
        <div class="below">
          <Confusion />
          <RunList />
        </div>
      </div>
    </div>
  );
}

/** The picture of the network that is trained; it follows the training while it is in sight. */
function NetworkPicture() {
  const [element, isInSight] = useInSight<HTMLDivElement>();
  useExample();
  useLiveParameters(() => (isInSight.value ? selectedRun.value : undefined));
  return (
    <div class="train-picture" ref={element}>
      <Frame>
        {(size) => (
          <>
            <Say subject={subject} said={saidBefore()} />
            <Stage subject={subject} size={size} />
            <Picks sets={setsFor(subject.classes.value)}>
              <HeldOutStepper />
            </Picks>
          </>
        )}
      </Frame>
    </div>
  );
}
