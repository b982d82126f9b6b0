import { computed, effect, signal } from "@preact/signals";
import { readWeights } from "../../src/formats/weightFiles.js";
import { parseRun, type RunRecord } from "../../src/runs/record.js";
import type { ListedRun } from "../../src/runs/runFolderFiles.js";
import { RUN_FILES } from "../../src/runs/runFolderFiles.js";
import { changeUrl, url } from "../address/url.js";
import { openedNetwork } from "../state/currentNetwork.js";
import { addOpenedRun, networkOf, type OpenedRun, opened, removeOpened } from "./opened.js";

/** The polling interval. */
const MILLISECONDS = 2000;

const listed = signal<readonly ListedRun[] | undefined>(undefined);
const failures = signal<Readonly<Record<string, string>>>({});

/** The runs that the server lists, newest first; undefined until it has answered. */
export const servedRuns = computed(() => listed.value);

/** Why runs could not be read, by name. */
export const servedFailures = computed(() => failures.value);

/** The names of the served runs in the address. */
export const chosenRuns = computed(() => url.value.compareRuns);

/** Opens or closes a served run. */
export function chooseServed(name: string, isChosen: boolean): void {
  const others = chosenRuns.peek().filter((one) => one !== name);
  changeUrl({ compareRuns: isChosen ? [...others, name] : others });
}

/**
 * Polls the server while the page is visible. Opens the runs in the address and reads them again when they have grown.
 *
 * @returns a function that stops it
 */
export function watchServer(): () => void {
  let isEnded = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = async () => {
    if (!document.hidden) await lookOnce();
    if (!isEnded) timer = setTimeout(look, MILLISECONDS);
  };
  void look();
  const stopFollowing = effect(followAddress);
  return () => {
    isEnded = true;
    clearTimeout(timer);
    stopFollowing();
  };
}

/** Closes runs that the address no longer contains and opens new ones. */
function followAddress(): void {
  const chosen = chosenRuns.value;
  for (const one of servedOnes()) if (!chosen.includes(one.name)) removeOpened(one);
  for (const run of listed.peek() ?? []) if (chosen.includes(run.name)) void bringUpToDate(run);
}

async function lookOnce(): Promise<void> {
  try {
    listed.value = JSON.parse(await fetchText("api/runs")) as ListedRun[];
  } catch {
    // The server has stopped or is busy: keep its last answer.
    return;
  }
  for (const run of listed.value) if (chosenRuns.peek().includes(run.name)) await bringUpToDate(run);
}

/** Reads a run of the server and shows its network in all views. @throws Error if it cannot be read */
export async function showServed(name: string): Promise<void> {
  const record = await readServed(name);
  const readFile = async () => readWeights(await fetchBytes(addressOf(name, RUN_FILES.safetensors)));
  const run = addOpenedRun({ name, isServed: true, record, isGrowing: false, readWeights: readFile });
  openedNetwork.value = await networkOf(run, await run.readWeights());
}

function servedOnes(): OpenedRun[] {
  return opened.peek().filter((one): one is OpenedRun => one.type === "run" && one.isServed);
}

async function bringUpToDate({ name, epochsDone, finished }: ListedRun): Promise<void> {
  const known = servedOnes().find((one) => one.name === name);
  if (known?.record.history.length === epochsDone && (known.record.result !== undefined) === finished) return;
  try {
    const record = await readServed(name);
    if (!chosenRuns.peek().includes(name)) return;
    const grew = known !== undefined && record.history.length > known.record.history.length;
    const run = addOpenedRun({
      name,
      isServed: true,
      record,
      isGrowing: record.result === undefined && (grew || known?.isGrowing === true),
      readWeights: async () => readWeights(await fetchBytes(addressOf(name, RUN_FILES.safetensors))),
    });
    // Show the new best weights.
    if (openedNetwork.peek()?.origin.number === run.number) {
      openedNetwork.value = await networkOf(run, await run.readWeights());
    }
    failures.value = Object.fromEntries(Object.entries(failures.value).filter(([other]) => other !== name));
  } catch (error) {
    failures.value = { ...failures.value, [name]: error instanceof Error ? error.message : String(error) };
  }
}

async function readServed(name: string): Promise<RunRecord> {
  const ifThere = (file: string) => fetchText(addressOf(name, file)).catch(() => undefined);
  return parseRun(name, {
    config: await fetchText(addressOf(name, RUN_FILES.config)),
    history: await ifThere(RUN_FILES.history),
    result: await ifThere(RUN_FILES.result),
  });
}

const addressOf = (name: string, file: string): string => `runs/${encodeURIComponent(name)}/${file}`;

async function fetchText(address: string): Promise<string> {
  return new TextDecoder().decode(await fetchBytes(address));
}

async function fetchBytes(address: string): Promise<Uint8Array> {
  const response = await fetch(address, { cache: "no-store" });
  if (!response.ok) throw new Error(`the server did not return ${address} (HTTP ${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}
