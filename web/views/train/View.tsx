import "./train.css";
import { useShortcuts } from "../../state/shortcuts.js";
import { Confusion } from "./Confusion.js";
import { Curves } from "./Curves.js";
import { followAddress, go, playOrPause, reset } from "./controls.js";
import { Figures } from "./Figures.js";
import { Fleet } from "./Fleet.js";
import { messages } from "./messages/index.js";
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

void followAddress();

/** The view "Train". */
export function View() {
  useShortcuts(SHORTCUTS);
  const m = messages();
  return (
    <div class="train">
      <header class="lead">
        <h1>{m.title}</h1>
        <p>{m.lead}</p>
      </header>
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
