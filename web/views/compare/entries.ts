import { computed } from "@preact/signals";
import type { RunRecord } from "../../../src/runs/record.js";
import { networkOf, type Opened, opened, removeOpened } from "../../opening/opened.js";
import { chooseServed } from "../../opening/servedRuns.js";
import { network, openedNetwork } from "../../state/currentNetwork.js";
import type { Run } from "../../state/run.js";
import { removeRun, runs, selectRun } from "../../state/runs.js";
import { recordOf } from "./browserRun.js";
import { messages } from "./messages/index.js";

/** A run or a file of weights, wherever it comes from. */
export interface Entry {
  /** Tells its line from others. */
  readonly number: number;
  readonly name: string;
  readonly source: "page" | "folder" | "server" | "file";
  /** Undefined of a file of weights. */
  readonly record?: RunRecord;
  readonly isGrowing: boolean;
  readonly fingerprint?: string;
  /** Whether the views show its network. */
  readonly isShown: boolean;
  /** Has the views show its network. @throws Error with one line where there are no weights, or they are damaged */
  readonly show: () => Promise<void>;
  readonly remove: () => void;
}

/** The page's runs and all that was opened, the oldest first. */
export const entries = computed<readonly Entry[]>(() =>
  [...runs.value.map(entryOfRun), ...opened.value.map(entryOfOpened)].toSorted(
    (one, other) => one.number - other.number,
  ),
);

function entryOfRun(run: Run): Entry {
  const name = messages().run(run.number);
  const origin = network.value?.origin;
  return {
    number: run.number,
    name,
    source: "page",
    record: recordOf(run, name),
    isGrowing: run.status.value === "running",
    fingerprint: run.weights.value?.fingerprint,
    isShown: origin?.type === "run" && origin.number === run.number,
    show: async () => {
      selectRun(run);
      openedNetwork.value = undefined;
    },
    remove: () => removeRun(run),
  };
}

function entryOfOpened(one: Opened): Entry {
  const isShown = openedNetwork.value?.origin.number === one.number;
  const remove = () => (one.type === "run" && one.isServed ? chooseServed(one.name, false) : removeOpened(one));
  const common = { number: one.number, name: one.name, isShown, remove };
  if (one.type === "file") {
    const show = async () => {
      openedNetwork.value = one.network;
    };
    return { ...common, source: "file", isGrowing: false, fingerprint: one.network.fingerprint, show };
  }
  const { record, isServed, isGrowing } = one;
  const show = async () => {
    openedNetwork.value = await networkOf(one, await one.readWeights());
  };
  const fingerprint = record.result?.fingerprint;
  return { ...common, source: isServed ? "server" : "folder", record, isGrowing, fingerprint, show };
}
