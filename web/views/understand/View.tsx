import "./understand.css";
import { Changes } from "./Changes.js";
import { chosenModel } from "./chosenModel.js";
import { Drawing } from "./Drawing.js";
import { derive } from "./derivation/derive.js";
import { History } from "./History.js";
import { LayerTable } from "./LayerTable.js";
import { ModelChoice } from "./ModelChoice.js";
import { messages } from "./messages/index.js";
import { Totals } from "./Totals.js";

/** The view "Understand". */
export function View() {
  const m = messages();
  const layers = derive(chosenModel.value);
  return (
    <div class="understand">
      <header class="lead">
        <h1>{m.title}</h1>
        <p>{m.lead}</p>
      </header>
      <ModelChoice />
      <Drawing layers={layers} />
      <LayerTable layers={layers} />
      <Totals layers={layers} />
      <History />
      <Changes />
    </div>
  );
}
