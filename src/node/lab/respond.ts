import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { extname } from "node:path";
import { pipeline } from "node:stream/promises";
import { LAB_HEADERS } from "./headers.js";

/** Content types of the files of runs and data sets. Anything else is bytes. */
const TYPES: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".csv": "text/csv; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".html": "text/html; charset=utf-8",
};

/** A run's page may be shown, but not as part of the lab: it has no scripts and an opaque origin. */
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

/** Sends a file's current content; 404 if it does not exist or is not a regular file. */
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
  // Files are replaced, never modified, so an open one keeps its size.
  await pipeline(handle.createReadStream(), response);
}

/** Refuses a request with a status and no body. */
export function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, LAB_HEADERS);
  response.end();
}

/**
 * Opens a regular file; undefined if it is not one. Links are refused, as those in a folder from elsewhere may lead
 * anywhere.
 */
async function openPlainFile(path: string): Promise<FileHandle | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch {
    // It does not exist or cannot be read.
  }
  return undefined;
}
