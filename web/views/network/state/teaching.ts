import { effect, signal } from "@preact/signals";
import { changeUrl, url } from "../../../address/url.js";
import { dataState, loadData } from "../../../state/loadedData.js";
import { addRun, selectedRun } from "../../../state/runs.js";
import { runFields } from "../../../state/settings.js";
import { askHistory, rewoundTo, snapshots } from "./network.js";

/** Whether digits to learn from are being drawn, before a training. */
export const isPreparing = signal(false);

/** Trains a network on digits drawn by the page, with the settings of the view Train; the view shows it from then on. */
export function teach(seed = url.peek().seed): void {
  stopReplay();
  rewoundTo.value = undefined;
  changeUrl({ data: "digits", device: "cpu", seed });
  const { count } = url.peek();
  const state = dataState.peek();
  const isThere = state.type === "ready" && state.data.request.type === "digits" && state.data.request.count === count;
  if (!isThere) loadData({ type: "digits", count });
  isPreparing.value = true;
  const stop = effect(() => {
    const now = dataState.value;
    if (now.type === "loading") return;
    queueMicrotask(() => {
      stop();
      isPreparing.value = false;
      if (now.type !== "ready") return;
      addRun({ fields: runFields(url.peek()), data: now.data }, "end");
      changeUrl({ networkShow: "run", networkPart: undefined });
    });
  });
}

/** Teaches a network that differs in the seed alone. */
export function teachAnother(): void {
  teach((selectedRun.peek()?.settings.fields.seed ?? url.peek().seed) + 1);
}

/** Whether the training is being replayed. */
export const isReplaying = signal(false);

/** The time that a replay takes; no moment is shown for longer than MOMENT_MILLISECONDS. */
const REPLAY_MILLISECONDS = 7000;
const MOMENT_MILLISECONDS = 600;

let timer: ReturnType<typeof setInterval> | undefined;

/** Shows the training from its beginning to its end. */
export async function replay(): Promise<void> {
  isReplaying.value = true;
  await askHistory();
  if (!isReplaying.peek()) return;
  clearInterval(timer);
  rewoundTo.value = 0;
  const pause = Math.min(MOMENT_MILLISECONDS, REPLAY_MILLISECONDS / Math.max(1, snapshots.peek().length));
  timer = setInterval(() => {
    const next = (rewoundTo.peek() ?? -1) + 1;
    if (next >= snapshots.peek().length - 1) {
      stopReplay();
      rewoundTo.value = undefined;
    } else {
      rewoundTo.value = next;
    }
  }, pause);
}

export function stopReplay(): void {
  clearInterval(timer);
  isReplaying.value = false;
}

/** Shows a moment of the training, by its place among the snapshots. */
export function rewind(place: number): void {
  stopReplay();
  void askHistory();
  rewoundTo.value = place >= snapshots.peek().length - 1 ? undefined : Math.max(0, place);
}
