import { effect, signal } from "@preact/signals";
import { changeUrl, url } from "../../../address/url.js";
import { dataState, loadData } from "../../../state/loadedData.js";
import { addRun, selectedRun } from "../../../state/runs.js";
import { runFields } from "../../../state/settings.js";
import { askHistory, rewoundTo, snapshots } from "./network.js";

let isPreparing = false;

/**
 * Has the view Train train a network on digits that the page draws, with the settings of that view. The image stays on the
 * stage.
 */
export function teach(seed = url.peek().seed): void {
  stopReplay();
  rewoundTo.value = undefined;
  const { count, image } = url.peek();
  changeUrl({
    view: "train",
    data: "digits",
    device: "cpu",
    seed,
    networkShow: "run",
    // Clothes are nothing that it learns.
    image: image?.startsWith("clothes") ? undefined : image,
    part: undefined,
  });
  if (isPreparing) return;
  const state = dataState.peek();
  const isThere = state.type === "ready" && state.data.request.type === "digits" && state.data.request.count === count;
  if (!isThere) loadData({ type: "digits", count });
  isPreparing = true;
  const stop = effect(() => {
    const now = dataState.value;
    if (now.type === "loading") return;
    queueMicrotask(() => {
      stop();
      isPreparing = false;
      if (now.type === "ready") addRun({ fields: runFields(url.peek()), data: now.data }, "end");
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
