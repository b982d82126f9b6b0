import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { extname } from "node:path";
import { pipeline } from "node:stream/promises";
import { LAB_HEADERS } from "./headers.js";

/** What the files of runs and data sets are; anything else is bytes. */
const TYPES: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".csv": "text/csv; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".html": "text/html; charset=utf-8",
};

/** A run's page may show itself, but not as a part of the lab: no script, and no origin that could read anything. */
const FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

/** Sends a value as JSON. */
export function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, {
    ...LAB_HEADERS,
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
  });
  response.end(JSON.stringify(value));
}

/** Sends a file as it is now; 404 where it is not there or is no plain file. */
export async function sendFile(response: ServerResponse, path: string): Promise<void> {
  const handle = await openPlainFile(path);
  if (!handle) return refuse(response, 404);
  const { size } = await handle.stat();
  response.writeHead(200, {
    ...LAB_HEADERS,
    "Content-Security-Policy": FILE_POLICY,
    "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
    "Content-Length": size,
    "Cache-Control": "no-store",
  });
  if (response.req.method === "HEAD") {
    await handle.close();
    response.end();
    return;
  }
  // A file is replaced, never written to: the open one keeps its size.
  await pipeline(handle.createReadStream(), response);
}

/** Refuses a request in a word. */
export function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, LAB_HEADERS);
  response.end();
}

/** Undefined where there is no plain file, a link included: a folder from elsewhere may have one to anywhere. */
async function openPlainFile(path: string): Promise<FileHandle | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch {
    // Not there, or not to be read.
  }
  return undefined;
}
