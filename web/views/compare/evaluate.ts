import { signal } from "@preact/signals";
import type { Dataset } from "../../../src/data/dataset.js";
import type { Evaluation } from "../../../src/training/metrics.js";
import type { Progress } from "../../../src/training/passes.js";
import { url } from "../../address/url.js";
import type { Network } from "../../state/currentNetwork.js";
import type { LoadedData } from "../../state/loadedData.js";
import { runs } from "../../state/runs.js";
import { heldOut, type RunFields } from "../../state/settings.js";
import type { EvaluationEvent, EvaluationRequest } from "../../worker/evaluation/protocol.js";

/** The images to evaluate on. */
export type EvaluationImages = "validation" | "all";

export type EvaluationState =
  | { readonly type: "none" }
  | { readonly type: "running"; readonly progress?: Progress }
  | { readonly type: "done"; readonly evaluation: Evaluation; readonly of: string; readonly images: EvaluationImages }
  | { readonly type: "failed"; readonly message: string };

/** The newest evaluation. */
export const evaluationState = signal<EvaluationState>({ type: "none" });

let worker: Worker | undefined;

/** Evaluates a network on the images in memory; cancels a running evaluation. */
export function evaluate(network: Network, data: LoadedData, images: EvaluationImages): void {
  worker?.terminate();
  evaluationState.value = { type: "running" };
  const own = new Worker(new URL("../../worker/evaluation/worker.js", import.meta.url), { type: "module" });
  worker = own;
  const end = (state: EvaluationState) => {
    own.terminate();
    evaluationState.value = state;
  };
  own.addEventListener("message", ({ data: event }: MessageEvent<EvaluationEvent>) => {
    if (event.type === "progress") evaluationState.value = { type: "running", progress: event.progress };
    else if (event.type === "failed") end(event);
    else end({ ...event, of: nameOf(network), images });
  });
  own.addEventListener("error", ({ message }) => end({ type: "failed", message }));
  const { model, parameters, normalization } = network;
  const dataset: Dataset = { ...data.parts.train, classes: network.classes };
  const indices = images === "validation" ? heldOut(data, settingsFor(network)) : undefined;
  own.postMessage({ model, parameters, normalization, dataset, indices } satisfies EvaluationRequest);
}

/** Why a network cannot be evaluated on the images in memory, or undefined if it can. */
export function misfit({ model, classes }: Network, { parts: { train } }: LoadedData): "shape" | "classes" | undefined {
  const { channels, height, width } = model.input;
  if (channels !== train.channels || height !== train.height || width !== train.width) return "shape";
  return classes.length === train.classes.length ? undefined : "classes";
}

/** Distinguishes networks. */
export function nameOf({ origin, fingerprint }: Network): string {
  return `${origin.number} ${fingerprint}`;
}

/** The settings that determine the held-out images: those of the network's run, otherwise the page's. */
export function settingsFor({ origin }: Network): RunFields {
  const run = origin.type === "run" ? runs.value.find(({ number }) => number === origin.number) : undefined;
  return run ? { ...run.settings.fields, seed: run.member.value.seed } : url.value;
}
