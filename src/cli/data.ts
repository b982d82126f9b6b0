import { basename } from "node:path/posix";
import type { DownloadProgress } from "../node/disk/download.js";
import { type DataSettings, type OpenedData, openData } from "../node/openData.js";
import type { RunConfig } from "../runs/config.js";
import type { Reporter } from "./terminal.js";
import { counted } from "./text.js";

/** More names than this only push the result off the screen. */
const MOST_NAMES = 50;

/** The data of a run, as they were. */
export function dataOfRun({ data, model }: RunConfig): DataSettings {
  const { name, path, directory, fit, background } = data;
  return { data: path ?? name, dataDir: directory, input: model.input, fit, background };
}

/** Opens a data set for a command, with what takes time as progress and warnings as lines. */
export async function openForCommand(
  settings: DataSettings,
  { terminal, signal }: { terminal: Reporter; signal?: AbortSignal },
): Promise<OpenedData> {
  const opened = await openData(settings, {
    signal,
    onDownload: (progress) => showDownload(terminal, progress),
    onProgress: ({ doing, ...progress }) => terminal.progress({ label: doing, unit: "images", ...progress }),
    onWarning: (line) => terminal.warn(line),
  });
  terminal.clearBar();
  const { length } = opened.skipped;
  if (length > 0) {
    terminal.warn(`${settings.data}: ${counted(length, "file")} cannot be used and ${isOrAre(length)} skipped`);
  }
  return opened;
}

/** Names the files that could not be used; nothing where there are none. */
export function nameSkipped({ skipped }: Pick<OpenedData, "skipped">, terminal: Reporter): void {
  if (skipped.length === 0) return;
  terminal.line(`skipped ${counted(skipped.length, "file")}:`);
  for (const { path, reason } of skipped.slice(0, MOST_NAMES)) terminal.line(`  ${path}: ${reason}`);
  if (skipped.length > MOST_NAMES) terminal.line(`  and ${skipped.length - MOST_NAMES} more`);
}

/** Shows how far a download is. */
export function showDownload(terminal: Reporter, { url, receivedBytes, totalBytes }: DownloadProgress): void {
  const { host, pathname } = new URL(url);
  terminal.progress({
    label: `downloading ${basename(pathname)}`,
    done: receivedBytes / 1e6,
    total: (totalBytes ?? receivedBytes) / 1e6,
    unit: "MB",
    details: `from ${host}`,
  });
}

function isOrAre(count: number): string {
  return count === 1 ? "is" : "are";
}
