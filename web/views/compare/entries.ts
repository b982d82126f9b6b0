import { computed } from "@preact/signals";
import type { RunRecord } from "../../../src/runs/record.js";
import { networkOf, type Opened, opened, removeOpened } from "../../opening/opened.js";
import { chooseServed } from "../../opening/servedRuns.js";
import { networkOfFile, networkOfRun } from "../../stage/networks.js";
import type { Shown } from "../../stage/subject.js";
import { type Network, network as networkOnDisplay, openedNetwork } from "../../state/currentNetwork.js";
import type { Member } from "../../state/member.js";
import type { Run } from "../../state/run.js";
import { askToRemove, runs, selectRun } from "../../state/runs.js";
import { recordOf } from "./browserRun.js";
import { messages } from "./messages/index.js";

/** A run or a weights file, wherever it comes from. */
export interface Entry {
  /** Determines the style of its lines. */
  readonly number: number;
  /** Its name in the address. */
  readonly key: string;
  readonly name: string;
  readonly source: "page" | "folder" | "server" | "file";
  /** Undefined for a weights file. */
  readonly record?: RunRecord;
  readonly isGrowing: boolean;
  readonly fingerprint?: string;
  /** Whether the views show its network. */
  readonly isShown: boolean;
  /** Its network, with the signals that it depends on. @throws Error if the weights are missing or damaged */
  readonly network: () => Promise<Shown>;
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
  const origin = networkOnDisplay.value?.origin;
  const unlist = () => {
    member.compareNumber.value = undefined;
  };
  return {
    number,
    key: String(number),
    name,
    source: "page",
    record: recordOf(run, member, name),
    isGrowing: run.status.value === "running",
    fingerprint: member.weights.value?.fingerprint,
    isShown: origin?.type === "run" && origin.number === run.number && run.member.value === member,
    network: () => Promise.resolve(networkOfRun(run, member)),
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
  const common = { number: one.number, key: String(one.number), name: one.name, isShown, remove };
  const network = async () => networkOfFile(await openedNetworkOf(one));
  const show = async () => {
    openedNetwork.value = await openedNetworkOf(one);
  };
  if (one.type === "file") {
    return { ...common, source: "file", isGrowing: false, fingerprint: one.network.fingerprint, network, show };
  }
  const { record, isServed, isGrowing } = one;
  const key = isServed ? `/${one.name}` : common.key;
  const fingerprint = record.result?.fingerprint;
  return { ...common, key, source: isServed ? "server" : "folder", record, isGrowing, fingerprint, network, show };
}

const read = new WeakMap<Opened, Promise<Network>>();

/** The network of something opened; that of a run folder is read once for each of its states. */
function openedNetworkOf(one: Opened): Promise<Network> {
  const known = read.get(one);
  if (known) return known;
  const reading =
    one.type === "file" ? Promise.resolve(one.network) : one.readWeights().then((weights) => networkOf(one, weights));
  // What failed is tried again.
  reading.catch(() => read.delete(one));
  read.set(one, reading);
  return reading;
}
