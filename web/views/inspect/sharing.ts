import { signal, useSignalEffect } from "@preact/signals";
import { addressWith, changeUrl, url } from "../../address/url.js";
import { strokesOf, strokesText } from "../../scene/strokeText.js";
import { messages } from "./messages/index.js";
import { drawing, source } from "./state/shownImage.js";
import { shownNetwork } from "./state/shownNetwork.js";

/** Why the network of a link could not be opened. */
export const linkFailure = signal<string | undefined>(undefined);

/** Takes the drawing and the network of a link, while a component is mounted. */
export function useShared(): void {
  useSignalEffect(() => {
    const { inspectDrawing, inspectNetwork, inspectRun } = url.value;
    if (!inspectDrawing && !inspectNetwork && !inspectRun) return;
    // Each later change of the address would otherwise carry them along.
    queueMicrotask(() =>
      changeUrl({ inspectDrawing: undefined, inspectNetwork: undefined, inspectRun: undefined }, "replace"),
    );
    const strokes = inspectDrawing && strokesOf(inspectDrawing);
    if (strokes) drawing.value = { strokes, isExample: false };
    if (inspectNetwork || inspectRun) void openShared(inspectNetwork, inspectRun);
  });
}

async function openShared(text: string | undefined, run: string | undefined): Promise<void> {
  const m = messages();
  linkFailure.value = undefined;
  try {
    if (run) await (await import("../../opening/servedRuns.js")).showServed(run);
    else if (text) await (await import("../../opening/sharedNetwork.js")).openNetworkText(text, m.fromLink);
  } catch (error) {
    linkFailure.value = m.linkFailed(error instanceof Error ? error.message : String(error));
  }
}

/** A link to what the view shows: the network, the drawing, the unit and the settings of the view. */
export async function linkToView(): Promise<string> {
  const network = shownNetwork.peek();
  const { opened } = await import("../../opening/opened.js");
  const served = opened
    .peek()
    .find((one) => one.type === "run" && one.isServed && one.number === network?.origin.number);
  const { networkText } = await import("../../opening/sharedNetwork.js");
  const isDrawn = source.peek() === "draw" && !drawing.peek().isExample;
  const address = addressWith({
    view: "inspect",
    inspectRun: served?.name,
    inspectNetwork: network && !served ? networkText(network) : undefined,
    inspectDrawing: isDrawn ? strokesText(drawing.peek().strokes) : undefined,
  });
  return new URL(address, location.href).href;
}
