import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname } from "node:path";
import { pipeline } from "node:stream/promises";
import { errorCode, OPEN_AT_ONCE } from "../disk/files.js";
import { EMBED_HEADERS, LAB_HEADERS } from "./headers.js";

/** Content types of the files that are served. Anything else is bytes. */
const TYPES: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".csv": "text/csv; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** A run's page may be shown, but not as part of the lab: it has no scripts and an opaque origin. */
const FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

/** The headers of the site's own files, which the browser may keep but must ask about. */
export const SITE_HEADERS = { ...LAB_HEADERS, "Cache-Control": "no-cache" };
/** The same for a site that pages of other hosts may show. */
export const EMBEDDED_SITE_HEADERS = { ...SITE_HEADERS, ...EMBED_HEADERS };
/** The headers of the files of runs and data sets. */
export const FILE_HEADERS = { ...LAB_HEADERS, "Content-Security-Policy": FILE_POLICY, "Cache-Control": "no-store" };

/** Sends a value as JSON. */
export function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, {
    ...LAB_HEADERS,
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
  });
  response.end(JSON.stringify(value));
}

/**
 * Sends a file's current content, or the range of it that is requested; 404 if it does not exist or is not a regular
 * file.
 *
 * @throws the system's error if no more files can be opened
 */
export async function sendFile(
  response: ServerResponse,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const handle = await openPlainFile(path);
  if (!handle) return refuse(response, 404);
  try {
    await sendOpenFile(response, handle, {
      "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
      ...headers,
    });
  } finally {
    await handle.close();
  }
}

async function sendOpenFile(
  response: ServerResponse,
  handle: FileHandle,
  common: Readonly<Record<string, string>>,
): Promise<void> {
  const { req: request } = response;
  const stats = await handle.stat();
  const { size } = stats;
  const headers = { ...common, ETag: tagOf(stats), "Accept-Ranges": "bytes" };
  if (isKnown(request, headers.ETag)) {
    response.writeHead(304, headers).end();
    return;
  }
  const range = requestedRange(request, headers.ETag, size);
  if (range === "unsatisfiable") {
    response.writeHead(416, { ...headers, "Content-Range": `bytes */${size}`, "Content-Length": 0 }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: size };
  response.writeHead(range ? 206 : 200, {
    ...headers,
    "Content-Length": end - start,
    ...(range && { "Content-Range": `bytes ${start}-${end - 1}/${size}` }),
  });
  if (request.method === "HEAD" || end === start) {
    response.end();
    return;
  }
  // Run folders' files are replaced, never modified, so an open one keeps its size. Others may shrink.
  const content = handle.createReadStream({ start, end: end - 1, autoClose: false });
  await pipeline(content, response, { end: false });
  if (content.bytesRead < end - start) response.destroy();
  else response.end();
}

/** Identifies a file's content. */
function tagOf({ ino, size, mtimeMs }: Stats): string {
  return `"${ino.toString(36)}-${size.toString(36)}-${Math.round(mtimeMs * 1000).toString(36)}"`;
}

/** Whether the browser has this content already (RFC 9110, section 13.1.2). */
function isKnown({ headers }: IncomingMessage, tag: string): boolean {
  const known = headers["if-none-match"]?.split(",").map((one) => one.trim().replace(/^W\//, ""));
  return known !== undefined && (known.includes(tag) || known.includes("*"));
}

/**
 * The bytes [start, end) that a request asks for; undefined for all of them. As RFC 9110 allows (section 14.2), a range
 * in another unit, several ranges, and a malformed one are ignored.
 */
function requestedRange({ method, headers }: IncomingMessage, tag: string, size: number) {
  const { range } = headers;
  const condition = headers["if-range"];
  if (method !== "GET" || range === undefined || (condition !== undefined && condition !== tag)) return undefined;
  const [, first, last] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(range) ?? [];
  if (first === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const suffix = Math.min(Number(last), size);
    return suffix === 0 ? ("unsatisfiable" as const) : { start: size - suffix, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= size) return "unsatisfiable" as const;
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}

/** Refuses a request with a status and no body. */
export function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { ...LAB_HEADERS, "Content-Length": 0 });
  response.end();
}

/** Whether an error, or its cause, is that no more files can be opened. */
export function isExhausted(error: unknown): boolean {
  const code = errorCode(error);
  if (code === "EMFILE" || code === "ENFILE") return true;
  return error instanceof Error && error.cause !== undefined && isExhausted(error.cause);
}

/**
 * Opens a regular file; undefined if it is not one. Links are refused, as those in a folder from elsewhere may lead
 * anywhere.
 *
 * @throws the system's error if no more files can be opened
 */
async function openPlainFile(path: string): Promise<FileHandle | undefined> {
  try {
    const handle = await open(path, OPEN_AT_ONCE | (constants.O_NOFOLLOW ?? 0));
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    if (isExhausted(error)) throw error;
    // It does not exist or cannot be read.
  }
  return undefined;
}
