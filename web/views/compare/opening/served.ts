import { computed, signal } from "@preact/signals";
import { readWeights } from "../../../../src/formats/weights.js";
import { RUN_FILES } from "../../../../src/runs/files.js";
import type { ListedRun } from "../../../../src/runs/listing.js";
import { parseRun, type RunRecord } from "../../../../src/runs/record.js";
import { addOpenedRun, type OpenedRun, opened } from "../../../state/opened.js";

/** Between two looks at what the server has. */
const MILLISECONDS = 2000;

const listed = signal<readonly ListedRun[] | undefined>(undefined);
const failures = signal<Readonly<Record<string, string>>>({});

/** The runs that the page's server has, the newest first; undefined until it has answered. */
export const servedRuns = computed(() => listed.value);

/** Why runs could not be read, by their names. */
export const servedFailures = computed(() => failures.value);

/**
 * Looks at what the server has, again and again, while the page is seen. The runs that are wanted are opened, and read
 * again whenever they have grown.
 *
 * @param wanted the names of the runs that are wanted now
 * @returns what ends it
 */
export function watchServer(wanted: () => readonly string[]): () => void {
  let isEnded = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = async () => {
    if (!document.hidden) await lookOnce(wanted());
    if (!isEnded) timer = setTimeout(look, MILLISECONDS);
  };
  void look();
  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}

async function lookOnce(wanted: readonly string[]): Promise<void> {
  try {
    listed.value = JSON.parse(await fetchText("api/runs")) as ListedRun[];
  } catch {
    // The server has ended, or is busy: what it said last stays.
    return;
  }
  for (const run of listed.value) if (wanted.includes(run.name)) await bringUpToDate(run);
}

async function bringUpToDate({ name, epochsDone, finished }: ListedRun): Promise<void> {
  const known = opened.peek().find((one): one is OpenedRun => one.type === "run" && one.isServed && one.name === name);
  const isSame = known?.record.history.length === epochsDone && (known.record.result !== undefined) === finished;
  if (isSame) return;
  try {
    const record = await readServed(name);
    const grew = known !== undefined && record.history.length > known.record.history.length;
    addOpenedRun({
      name,
      isServed: true,
      record,
      isGrowing: record.result === undefined && (grew || known?.isGrowing === true),
      readWeights: async () => readWeights(await fetchBytes(addressOf(name, RUN_FILES.safetensors))),
    });
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
  if (!response.ok) throw new Error(`the server gave no ${address} (HTTP ${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}
