import "./compare.css";
import { Button } from "../../kit/controls.js";
import { announce } from "../../kit/regions.js";
import { Curves } from "./Curves.js";
import { Evaluation } from "./Evaluation.js";
import { messages } from "./messages/index.js";
import { OpenSection } from "./OpenSection.js";
import { Pair } from "./Pair.js";
import { RunTable } from "./RunTable.js";
import { ShownNetwork } from "./ShownNetwork.js";

/** The view "Compare and keep". */
export function View() {
  const m = messages();
  const copyLink = async () => {
    await navigator.clipboard.writeText(location.href);
    announce(m.linkCopied);
  };
  return (
    <div class="compare">
      <header class="lead">
        <h1>{m.title}</h1>
        <p>{m.lead}</p>
        {isSecureContext && <Button onClick={() => void copyLink()}>{m.copyLink}</Button>}
      </header>
      <OpenSection />
      <RunTable />
      <Pair />
      <Curves />
      <div class="network">
        <ShownNetwork />
        <Evaluation />
      </div>
    </div>
  );
}
