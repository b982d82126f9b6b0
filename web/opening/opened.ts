import { computed, signal } from "@preact/signals";
import { classCount, fingerprint, inferShapes, type Weights } from "../../src/model/index.js";
import type { RunRecord } from "../../src/runs/record.js";
import { type Network, openedNetwork } from "../state/currentNetwork.js";
import { takeNumber } from "../state/runs.js";

/** A run folder that was opened, from this machine's files or from the page's own server. */
export interface OpenedRun {
  readonly type: "run";
  /** Counts along with the page's own runs; its colour and dashes follow it. */
  readonly number: number;
  readonly name: string;
  readonly isServed: boolean;
  /** What the folder says of it; of a served run that is still written, as it was last read. */
  readonly record: RunRecord;
  /** Whether it has been seen to grow, and is not finished. */
  readonly isGrowing: boolean;
  /** Its best weights. @throws Error with one line where they are not there or damaged */
  readonly readWeights: () => Promise<Weights>;
}

/** A file of weights that was opened. */
export interface OpenedFile {
  readonly type: "file";
  readonly number: number;
  readonly name: string;
  readonly network: Network;
}

export type Opened = OpenedRun | OpenedFile;

const list = signal<readonly Opened[]>([]);

/** All that was opened, the oldest first. */
export const opened = computed(() => list.value);

/** Adds a run; a served one takes the place of what was read of it before. */
export function addOpenedRun(run: Omit<OpenedRun, "type" | "number">): OpenedRun {
  const same = run.isServed
    ? list.value.find((one): one is OpenedRun => one.type === "run" && one.isServed && one.name === run.name)
    : undefined;
  const added: OpenedRun = { ...run, type: "run", number: same?.number ?? takeNumber() };
  list.value = same ? list.value.map((one) => (one === same ? added : one)) : [...list.value, added];
  return added;
}

/** Adds a file's network, which the views show then. */
export function addOpenedFile(origin: Pick<OpenedFile, "number" | "name">, network: Network): void {
  list.value = [...list.value, { ...origin, type: "file", network }];
  openedNetwork.value = network;
}

/** Forgets what was opened; the views show it no more. */
export function removeOpened(one: Opened): void {
  list.value = list.value.filter(({ number }) => number !== one.number);
  if (openedNetwork.peek()?.origin.number === one.number) openedNetwork.value = undefined;
}

/**
 * Weights as the views show them; classes without names are numbered.
 *
 * @param origin what was opened
 */
export async function networkOf(
  { number, name }: { readonly number: number; readonly name: string },
  weights: Weights,
): Promise<Network> {
  const { model, parameters, normalization, metadata } = weights;
  const classes = metadata?.classes ?? Array.from({ length: classCount(inferShapes(model)) }, (_, index) => `${index}`);
  return {
    origin: { type: "file", number, name },
    model,
    parameters,
    classes,
    normalization,
    metadata,
    fingerprint: await fingerprint(model, parameters),
  };
}
