import { existsSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describeFileError, errorCode } from "../disk/files.js";
import { datasetFile, datasetsHere } from "./datasets.js";
import {
  EMBEDDED_SITE_HEADERS,
  FILE_HEADERS,
  isExhausted,
  refuse,
  SITE_HEADERS,
  sendFile,
  sendJson,
} from "./respond.js";
import { listRuns, runFile } from "./runs.js";

export interface LabOptions {
  /** The folder of the built site. */
  readonly site: string;
  /** The folder that contains the run folders. */
  readonly runs: string;
  /** The only folder in which to look for data sets. */
  readonly dataDir?: string;
  /** Whether pages of other hosts may show the site in a frame. Default: no. */
  readonly allowEmbed?: boolean;
  /** 0: any free port. */
  readonly port: number;
  /** How long a connection may do nothing. Default: 30 seconds. */
  readonly idleMilliseconds?: number;
}

/** A running lab server. */
export interface LabServer {
  readonly url: string;
  close(): Promise<void>;
}

/** How long a connection may do nothing: one that its client has forgotten, or a client that does not read. */
const IDLE_MILLISECONDS = 30_000;
/** Far more than a browser opens. */
const MOST_CONNECTIONS = 256;

const LOOPBACK = "127.0.0.1";

/**
 * Serves the lab to this machine only: the site, run folders and data sets, all read-only.
 *
 * GET /api/server: `{ data: names of the data sets on this machine }`; /api/runs: the runs, see {@link listRuns};
 * /runs/NAME/FILE: a file of a run folder; /data/NAME/FILE: a file of a data set, by its name in the catalog, packed or
 * not as it is on disk; everything else: the site.
 *
 * @throws Error if the site is not built or the port is not available
 */
export async function serveLab(options: LabOptions): Promise<LabServer> {
  if (!existsSync(join(options.site, "index.html"))) {
    throw new Error(`the lab is not built: ${options.site} has no index.html; run npm run build:lab`);
  }
  const { idleMilliseconds = IDLE_MILLISECONDS } = options;
  const limits = {
    headersTimeout: idleMilliseconds,
    requestTimeout: idleMilliseconds,
    connectionsCheckingInterval: idleMilliseconds / 4,
  };
  const server = createServer(limits, (request, response) => {
    answer(request, response, options).catch((error) => {
      if (response.headersSent) response.destroy();
      else refuse(response, isExhausted(error) ? 503 : 500);
    });
  });
  server.setTimeout(idleMilliseconds);
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${LOOPBACK}:${port}/`,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const reason = errorCode(error) === "EADDRINUSE" ? new Error(`port ${port} is in use`) : undefined;
      reject(reason ?? new Error(describeFileError(error, `listen on port ${port}`)));
    });
    server.listen(port, LOOPBACK, resolve);
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { runs, dataDir, site, allowEmbed }: LabOptions,
): Promise<void> {
  if (!isForThisMachine(request)) return refuse(response, 403);
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(response, 405);
  const parts = partsOf(request.url ?? "/");
  if (!parts) return refuse(response, 400);
  const [area, name, file, ...more] = parts;
  if (area === "api" && more.length === 0 && file === undefined) {
    if (name === "server") return sendJson(response, { data: await datasetsHere(dataDir) });
    if (name === "runs") return sendJson(response, await listRuns(runs));
  }
  if ((area === "runs" || area === "data") && file !== undefined && more.length === 0) {
    const path = await (area === "runs" ? runFile(runs, name, file) : datasetFile(name, file, dataDir));
    return path === undefined ? refuse(response, 404) : sendFile(response, path, FILE_HEADERS);
  }
  const path = siteFile(site, parts);
  return path === undefined
    ? refuse(response, 404)
    : sendFile(response, path, allowEmbed ? EMBEDDED_SITE_HEADERS : SITE_HEADERS);
}

/** The path of a file of the site; undefined for segments that could lead elsewhere. */
function siteFile(site: string, parts: readonly string[]): string | undefined {
  const names = parts.length === 1 && parts[0] === "" ? ["index.html"] : parts;
  const isSafe = names.every((name) => name !== "" && !name.startsWith(".") && !/[\\/\0:]/.test(name));
  return isSafe ? join(site, ...names) : undefined;
}

/**
 * Protects against DNS rebinding: a page of another host that was made to resolve here sends that host's name and may
 * read nothing.
 */
function isForThisMachine({ headers, socket }: IncomingMessage): boolean {
  return [LOOPBACK, "localhost"].some((host) => headers.host === `${host}:${socket.localPort}`);
}

/** The decoded segments of a URL's path; undefined if it is malformed. */
function partsOf(address: string): string[] | undefined {
  try {
    return address.split(/[?#]/, 1)[0].split("/").slice(1).map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
