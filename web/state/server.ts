import { signal } from "@preact/signals";

/** What the page's own server offers if it is `lenet lab`. */
export interface LabServer {
  /** The names of the catalog's data sets on its machine. */
  readonly data: readonly string[];
}

/** Undefined if the page is on a static host, or until its server has answered. */
export const labServer = signal<LabServer | undefined>(undefined);

/** As `lenet lab` names itself in the Server-Timing header, see src/node/lab/headers.ts. */
const NAME = "lenet-lab";

/** Asks the page's server what it offers, once, and only if it is `lenet lab`: a static host could only answer 404. */
export function askServer(): Promise<LabServer | undefined> {
  answer ??= ask();
  return answer;
}

let answer: Promise<LabServer | undefined> | undefined;

async function ask(): Promise<LabServer | undefined> {
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  if (!navigation?.serverTiming.some(({ name }) => name === NAME)) return undefined;
  try {
    const response = await fetch("api/server");
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    labServer.value = response.ok && isJson ? ((await response.json()) as LabServer) : undefined;
  } catch {
    // Offline, there is no such server either.
  }
  return labServer.value;
}
