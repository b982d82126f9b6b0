import { signal } from "@preact/signals";

/** What the page's own server offers if it is `lenet lab`. */
export interface LabServer {
  /** The names of the catalog's data sets on its machine. */
  readonly data: readonly string[];
}

/** Undefined if the page is on a static host, or until its server has answered. */
export const labServer = signal<LabServer | undefined>(undefined);

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** Asks the page's server what it offers, once, and only if it is on this machine. */
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
    // Offline, there is no such server either.
  }
  return labServer.value;
}
