import { computed, effect } from "@preact/signals";
import { RECIPES } from "../../../src/training/recipes/recipes.js";
import { changeUrl, url } from "../../address/url.js";
import { askGraphicsCard, graphicsCard, runnable } from "../../state/graphicsCard.js";
import { dataState, loadData, takeData } from "../../state/loadedData.js";
import { pageSettings } from "../../state/pageSettings.js";
import type { Run, RunSettings } from "../../state/run.js";
import { addRun, restAll, restartRun, runs, selectedRun, selectRun } from "../../state/runs.js";
import { askServer, labServer } from "../../state/server.js";
import type { DataRequest } from "../../worker/data/protocol.js";
import type { Stretch } from "../../worker/training/protocol.js";

/** The settings of the next run; undefined while there is no data, or the graphics card is asked for. */
export const draft = computed<RunSettings | undefined>(() => {
  const fields = pageSettings.value;
  if (dataState.value.type !== "ready" || (fields.device === "gpu" && !graphicsCard.value)) return undefined;
  return { fields: runnable(fields), data: dataState.value.data };
});

/** Whether there is what a training needs. */
export const isReady = computed(() => draft.value !== undefined);

/** The selected run, if its settings still match the page's. */
export const currentRun = computed<Run | undefined>(() => {
  const run = selectedRun.value;
  return run && draft.value && isSame(run.settings, draft.value) ? run : undefined;
});

function isSame(one: RunSettings, other: RunSettings): boolean {
  const isSameData = one.data.parts.train.checksum === other.data.parts.train.checksum;
  return isSameData && JSON.stringify(one.fields) === JSON.stringify(other.fields);
}

/** Resumes the current run, or starts a new one if the settings have changed. */
export function go(stretch: Stretch): void {
  const run = currentRun.value?.canGo.value ? currentRun.value : undefined;
  if (run) resume(run, stretch);
  else if (draft.value) addRun(draft.value, stretch);
}

/** Resumes a run and pauses all others. */
export function resume(run: Run, stretch: Stretch): void {
  restAll(run);
  run.go(stretch);
}

/** Pauses or resumes. */
export function playOrPause(): void {
  const run = selectedRun.value;
  if (run?.status.value === "running") run.rest();
  else go("end");
}

/** Takes the selected run back to before its first step. */
export function reset(): void {
  if (selectedRun.value) restartRun(selectedRun.value);
}

/** Selects a run and restores its settings and data. */
export function showRun(run: Run): void {
  selectRun(run);
  takeData(run.settings.data);
  changeUrl(run.settings.fields);
}

/** The recipes whose layers are compared: those of 1998 and those of today. */
const CONTESTANTS = [RECIPES.paper, RECIPES.improved];

/** Trains two runs with the page's settings, one after the other, each with the layers of one contestant. */
export function duel(): void {
  const settings = draft.value;
  if (!settings) return;
  const [first, second] = CONTESTANTS.map(({ activation, pooling }) => ({
    ...settings,
    fields: { ...settings.fields, activation, pooling },
  }));
  const begin = (one: RunSettings) => {
    const run = addRun(one, "end");
    changeUrl(one.fields);
    return run;
  };
  const run = begin(first);
  const stop = effect(() => {
    const isThere = runs.value.includes(run);
    if (isThere && run.canGo.value) return;
    // Outside the effect, which would otherwise subscribe to the second run, too.
    queueMicrotask(() => {
      stop();
      if (isThere && run.status.value === "done") begin(second);
    });
  });
}

/**
 * Loads the data that the address names, now and whenever it changes, and asks for a graphics card. Called once, by the
 * view's module.
 */
export async function followAddress(): Promise<void> {
  void askGraphicsCard();
  await askServer();
  effect(() => {
    const request = wantedData();
    if (request && !isAbout(dataState.peek(), request)) loadData(request);
  });
}

/** The data that the address names; undefined for the user's own images. */
function wantedData(): DataRequest | undefined {
  const { data, count } = url.value;
  if (data === "digits") return { type: "digits", count };
  if (data === "own") return undefined;
  return { type: "known", name: data, onOwnServer: labServer.value?.data.includes(data) ?? false, download: false };
}

function isAbout(state: typeof dataState.value, request: DataRequest): boolean {
  if (state.type === "none") return false;
  const other = state.type === "ready" ? state.data.request : state.request;
  if (request.type === "digits") return other.type === "digits" && other.count === request.count;
  if (request.type !== "known") return false;
  // What was dropped counts, too, if it is that data set.
  if (other.type === "files") return state.type !== "ready" || state.data.parts.train.name === request.name;
  return other.type === "known" && other.name === request.name;
}
