// Runs inspection tasks that would block the page.

import { attribute } from "./attribute.js";
import { climb } from "./climb.js";
import type { InspectEvent, InspectRequest } from "./protocol.js";
import { search } from "./search.js";

addEventListener("message", async ({ data: { network, task } }: MessageEvent<InspectRequest>) => {
  try {
    switch (task.type) {
      case "search":
        await search(network, task, tell);
        break;
      case "climb":
        climb(network, task, tell);
        break;
      case "attribute":
        tell({ type: "attributed", attributions: await attribute(network, task) });
        break;
    }
  } catch (error) {
    tell({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
});

function tell(event: InspectEvent): void {
  postMessage(event);
}
