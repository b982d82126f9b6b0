import { readdirSync, readlinkSync } from "node:fs";

/** The files in a folder that this process has open. Only on Linux. */
export function openFiles(folder: string): string[] {
  const paths = readdirSync("/proc/self/fd").map((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`);
    } catch {
      // It was that of the listing.
      return "";
    }
  });
  return paths.filter((path) => path.startsWith(folder));
}
