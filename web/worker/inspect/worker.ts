// Runs inspection tasks that would block the page.

import { attribute } from "./attribute.js";
import { climb } from "./climb.js";
import { fool } from "./fool.js";
import type { InspectEvent, InspectRequest } from "./protocol.js";
import { search } from "./search.js";
import { survey } from "./survey.js";
import { measureTypical } from "./typical.js";

addEventListener("message", async ({ data: { network, task } }: MessageEvent<InspectRequest>) => {
  try {
    switch (task.type) {
      case "search":
        await search(network, task, report);
        break;
      case "climb":
        climb(network, task, report);
        break;
      case "typical":
        report({ type: "typical", typical: measureTypical(task) });
        break;
      case "survey":
        report({ type: "surveyed", survey: await survey(network, task, report) });
        break;
      case "fool":
        report({ type: "fooled", fooling: fool(network, task) });
        break;
      case "attribute":
        report({ type: "attributed", attributions: await attribute(network, task) });
        break;
    }
  } catch (error) {
    report({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
});

function report(event: InspectEvent): void {
  postMessage(event);
}
