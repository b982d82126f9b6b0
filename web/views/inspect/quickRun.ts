import { effect } from "@preact/signals";
import { changeUrl, url } from "../../address/url.js";
import { dataState, loadData } from "../../state/loadedData.js";
import { addRun } from "../../state/runs.js";
import { runFields } from "../../state/settings.js";

/** Enough digits and epochs to read handwriting well, and still quick to train. */
const QUICK = { data: "digits", count: 6000, recipe: "improved", epochs: 6, device: "cpu", networks: 1 } as const;

/** Generates digits and trains on them. */
export function startQuickRun(): void {
  changeUrl(QUICK);
  const state = dataState.peek();
  const request = { type: "digits", count: QUICK.count } as const;
  const isThere =
    state.type === "ready" && state.data.request.type === "digits" && state.data.request.count === QUICK.count;
  if (!isThere) loadData(request);
  const stop = effect(() => {
    const now = dataState.value;
    if (now.type === "loading") return;
    queueMicrotask(() => {
      stop();
      if (now.type === "ready") addRun({ fields: runFields(url.peek()), data: now.data }, "end");
    });
  });
}
