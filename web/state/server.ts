import { signal } from "@preact/signals";

/** What the page's own server has, where it is `lenet lab`. */
export interface LabServer {
  /** The names of the data sets of the catalog that are on its machine. */
  readonly data: readonly string[];
}

/** Undefined where the page lies on a static host, or until its server has answered. */
export const labServer = signal<LabServer | undefined>(undefined);

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** Asks the page's server what it has, once; only one on this machine is asked. */
export function askServer(): Promise<LabServer | undefined> {
  answer ??= ask();
  return answer;
}

let answer: Promise<LabServer | undefined> | undefined;

async function ask(): Promise<LabServer | undefined> {
  if (!LOOPBACK.includes(location.hostname)) return undefined;
  try {
    const response = await fetch("api/server");
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    labServer.value = response.ok && isJson ? ((await response.json()) as LabServer) : undefined;
  } catch {
    // Without a network there is no such server either.
  }
  return labServer.value;
}
