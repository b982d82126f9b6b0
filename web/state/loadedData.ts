import { type ReadonlySignal, signal } from "@preact/signals";
import type { DatasetParts } from "../../src/data/index.js";
import type { DataEvent, DataProgress, DataRequest } from "../worker/data/protocol.js";

/** A data set in memory. */
export interface LoadedData {
  readonly request: DataRequest;
  readonly parts: DatasetParts;
  /** The byte around the images. */
  readonly background: 0 | 255;
  /** Files that could not be used. */
  readonly skipped: readonly string[];
}

export type DataState =
  | { readonly type: "none" }
  | { readonly type: "loading"; readonly request: DataRequest; readonly progress?: DataProgress }
  /** It is not on this machine; it can be downloaded. */
  | { readonly type: "missing"; readonly request: DataRequest }
  | { readonly type: "ready"; readonly data: LoadedData }
  | { readonly type: "failed"; readonly request: DataRequest; readonly message: string };

const current = signal<DataState>({ type: "none" });
let worker: Worker | undefined;

/** The data set for the next training. */
export const dataState: ReadonlySignal<DataState> = current;

/** Loads a data set, replacing the current one or cancelling its loading. */
export function loadData(request: DataRequest): void {
  endWorker();
  current.value = { type: "loading", request };
  worker = new Worker(new URL("../worker/data/worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<DataEvent>) => receive(request, data));
  worker.addEventListener("error", ({ message }) => receive(request, { type: "failed", message }));
  worker.postMessage(request);
}

/** Switches to a data set that has been read before. */
export function takeData(data: LoadedData): void {
  endWorker();
  current.value = { type: "ready", data };
}

function receive(request: DataRequest, event: DataEvent): void {
  if (event.type === "progress") {
    current.value = { type: "loading", request, progress: event.progress };
    return;
  }
  endWorker();
  switch (event.type) {
    case "ready": {
      const background = request.type === "images" ? request.settings.background : 0;
      current.value = { type: "ready", data: { request, parts: event.parts, background, skipped: event.skipped } };
      break;
    }
    case "missing":
      current.value = { type: "missing", request };
      break;
    case "failed":
      current.value = { type: "failed", request, message: event.message };
      break;
  }
}

function endWorker(): void {
  worker?.terminate();
  worker = undefined;
}
