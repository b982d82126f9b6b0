import { computed, signal } from "@preact/signals";
import { CATALOG } from "../../src/data/catalog.js";
import { classCount, fingerprint, inferShapes, type Weights } from "../../src/model/index.js";
import type { RunRecord } from "../../src/runs/record.js";
import { type Network, openedNetwork } from "../state/currentNetwork.js";
import { takeNumber } from "../state/runs.js";

/** A run folder opened from local files or from `lenet lab`. */
export interface OpenedRun {
  readonly type: "run";
  /** Numbered together with the page's own runs; determines the colour and dashes. */
  readonly number: number;
  readonly name: string;
  readonly isServed: boolean;
  /** The contents of the folder; for a served run that is still being written, as last read. */
  readonly record: RunRecord;
  /** Whether it is unfinished and has been seen to grow. */
  readonly isGrowing: boolean;
  /** Reads the best weights. @throws Error if they are missing or damaged */
  readonly readWeights: () => Promise<Weights>;
}

/** A weights file that was opened. */
export interface OpenedFile {
  readonly type: "file";
  readonly number: number;
  readonly name: string;
  readonly network: Network;
}

export type Opened = OpenedRun | OpenedFile;

const list = signal<readonly Opened[]>([]);

/** All opened runs and files, oldest first. */
export const opened = computed(() => list.value);

/** Adds a run; a served run replaces its earlier version. */
export function addOpenedRun(run: Omit<OpenedRun, "type" | "number">): OpenedRun {
  const same = run.isServed
    ? list.value.find((one): one is OpenedRun => one.type === "run" && one.isServed && one.name === run.name)
    : undefined;
  const added: OpenedRun = { ...run, type: "run", number: same?.number ?? takeNumber() };
  list.value = same ? list.value.map((one) => (one === same ? added : one)) : [...list.value, added];
  return added;
}

/** Adds a file's network and shows it in all views. */
export function addOpenedFile(origin: Pick<OpenedFile, "number" | "name">, network: Network): void {
  list.value = [...list.value, { ...origin, type: "file", network }];
  openedNetwork.value = network;
}

/** Closes a run or file; the views no longer show it. */
export function removeOpened(one: Opened): void {
  list.value = list.value.filter(({ number }) => number !== one.number);
  if (openedNetwork.peek()?.origin.number === one.number) openedNetwork.value = undefined;
}

/**
 * Weights as a network for the views. Classes that the file does not name have those of the data set that it names, or
 * numbers.
 *
 * @param origin the run or file that they come from
 * @param given names of the classes, if the file does not name them; passed over if their number is wrong
 */
export async function networkOf(
  { number, name }: { readonly number: number; readonly name: string },
  weights: Weights,
  given?: readonly string[],
): Promise<Network> {
  const { model, parameters, normalization, metadata } = weights;
  const count = classCount(inferShapes(model));
  const known = given ?? CATALOG.find((entry) => entry.name === metadata?.data)?.classes;
  const numbers = Array.from({ length: count }, (_, index) => `${index}`);
  const classes = metadata?.classes ?? (known?.length === count ? known : numbers);
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
