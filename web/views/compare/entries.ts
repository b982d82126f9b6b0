import { computed } from "@preact/signals";
import type { RunRecord } from "../../../src/runs/record.js";
import { networkOf, type Opened, opened, removeOpened } from "../../opening/opened.js";
import { chooseServed } from "../../opening/servedRuns.js";
import { network, openedNetwork } from "../../state/currentNetwork.js";
import type { Member } from "../../state/member.js";
import type { Run } from "../../state/run.js";
import { askToRemove, runs, selectRun } from "../../state/runs.js";
import { recordOf } from "./browserRun.js";
import { messages } from "./messages/index.js";

/** A run or a weights file, wherever it comes from. */
export interface Entry {
  /** Determines the style of its lines. */
  readonly number: number;
  readonly name: string;
  readonly source: "page" | "folder" | "server" | "file";
  /** Undefined for a weights file. */
  readonly record?: RunRecord;
  readonly isGrowing: boolean;
  readonly fingerprint?: string;
  /** Whether the views show its network. */
  readonly isShown: boolean;
  /** Shows its network in all views. @throws Error if the weights are missing or damaged */
  readonly show: () => Promise<void>;
  readonly remove: () => void;
}

/** The networks of the page's runs and everything opened, oldest first. */
export const entries = computed<readonly Entry[]>(() =>
  [...runs.value.flatMap(entriesOfRun), ...opened.value.map(entryOfOpened)].toSorted(
    (one, other) => one.number - other.number,
  ),
);

/** The networks of a run that are listed. */
function entriesOfRun(run: Run): Entry[] {
  return run.members.flatMap((member) => {
    const number = member.compareNumber.value;
    return number === undefined ? [] : [entryOfMember(run, member, number)];
  });
}

function entryOfMember(run: Run, member: Member, number: number): Entry {
  const name = messages().run(run.number, run.isFleet ? member.seed : undefined);
  const origin = network.value?.origin;
  const unlist = () => {
    member.compareNumber.value = undefined;
  };
  return {
    number,
    name,
    source: "page",
    record: recordOf(run, member, name),
    isGrowing: run.status.value === "running",
    fingerprint: member.weights.value?.fingerprint,
    isShown: origin?.type === "run" && origin.number === run.number && run.member.value === member,
    show: async () => {
      selectRun(run);
      run.pick(member);
      openedNetwork.value = undefined;
    },
    remove: run.isFleet ? unlist : () => askToRemove(run),
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
