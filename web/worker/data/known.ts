import { type CatalogFile, type CifarEntry, catalogEntry, type IdxEntry } from "../../../src/data/catalog.js";
import { type DatasetParts, datasetFromIdx } from "../../../src/data/index.js";
import { sha256 } from "../../../src/numeric/sha256.js";
import { unpacked } from "./bytes.js";
import { type CifarBatch, cifarFromArchive, cifarFromBatches } from "./cifar.js";
import type { DataProgress, DataRequest } from "./protocol.js";

type KnownRequest = Extract<DataRequest, { type: "known" }>;
type OnProgress = (progress: DataProgress) => void;

/** The name of the cache of downloaded files. */
const CACHE = "lenet-data";

/**
 * Reads a data set of the catalog and checks the SHA-256 of its files' content.
 *
 * @returns undefined if it is not on this machine and downloading was not requested
 * @throws Error that says why each mirror failed
 */
export async function readKnown(request: KnownRequest, onProgress: OnProgress): Promise<DatasetParts | undefined> {
  const entry = catalogEntry(request.name);
  if (entry.format === "cifar") return request.onOwnServer ? readCifar(entry, onProgress) : undefined;
  const { name, classes, parts } = entry;
  const files: Uint8Array<ArrayBuffer>[] = [];
  for (const file of [parts.train.images, parts.train.labels]) {
    const bytes = await readFile(entry, file, request, onProgress);
    if (!bytes) return undefined;
    files.push(bytes);
  }
  const [images, labels] = files;
  const train = datasetFromIdx({
    name,
    classes,
    images: { bytes: images, what: parts.train.images.name },
    labels: { bytes: labels, what: parts.train.labels.name },
    checksum: await sha256(images, labels),
  });
  return { train };
}

/** How many of them CIFAR-10's archive has. */
const BATCHES = 5;

/**
 * CIFAR-10 from the page's own server: the archive or, if it has been unpacked, its batches. Too large to keep, and its
 * host lets no page download it.
 */
async function readCifar(entry: CifarEntry, onProgress: OnProgress): Promise<DatasetParts> {
  const fetched = (name: string) => fetchBytes(new URL(`data/${entry.name}/${name}`, siteAddress()), onProgress);
  const archive = await fetched(entry.archive.name).catch(() => undefined);
  if (archive && (await sha256(archive)) === entry.archive.sha256) return cifarFromArchive(archive, entry.archive.name);
  if (archive) throw new Error(`${entry.archive.name} is not the right file: its checksum differs`);
  const batches: CifarBatch[] = [];
  for (let number = 1; number <= BATCHES; number++) {
    const what = `data_batch_${number}.bin`;
    batches.push({ bytes: await fetched(what), what });
  }
  return cifarFromBatches(batches);
}

/** A file's content from the nearest source that has it intact. */
async function readFile(
  entry: IdxEntry,
  file: CatalogFile,
  { onOwnServer, download }: KnownRequest,
  onProgress: OnProgress,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const cache = await caches.open(CACHE);
  const kept = await readKept(cache, file);
  if (kept) return kept;
  const addresses = [
    ...(onOwnServer ? [new URL(`data/${entry.name}/${file.name}`, siteAddress())] : []),
    ...(download ? entry.mirrors.map((mirror) => new URL(file.name, mirror)) : []),
  ];
  const failures: string[] = [];
  for (const address of addresses) {
    try {
      const content = await checked(await fetchBytes(address, onProgress), file);
      // If there is no room to keep it, it is downloaded again next time.
      await cache.put(keyOf(file), new Response(content)).catch(() => {});
      return content;
    } catch (error) {
      failures.push(`${address.host}: ${error instanceof Error ? error.message : error}`);
    }
  }
  if (failures.length > 0) throw new Error(`${file.name} could not be downloaded. ${failures.join("; ")}`);
  return undefined;
}

/** A cached file's content; undefined if it is missing or damaged. A damaged file is deleted. */
async function readKept(cache: Cache, file: CatalogFile): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const kept = await cache.match(keyOf(file));
  if (!kept) return undefined;
  try {
    return await checked(new Uint8Array(await kept.arrayBuffer()), file);
  } catch {
    await cache.delete(keyOf(file));
    return undefined;
  }
}

function keyOf({ sha256: checksum }: CatalogFile): string {
  return `/lenet-data/${checksum}`;
}

/** The site's folder; the built worker is one level below. */
function siteAddress(): URL {
  return new URL("../", location.href);
}

/** A file's content, decompressed. @throws Error if its checksum differs */
async function checked(bytes: Uint8Array<ArrayBuffer>, file: CatalogFile): Promise<Uint8Array<ArrayBuffer>> {
  const content = await unpacked(bytes, file.name);
  if ((await sha256(content)) !== file.sha256)
    throw new Error(`${file.name} is not the right file: its checksum differs`);
  return content;
}

async function fetchBytes(address: URL, onProgress: OnProgress): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(address, { credentials: "omit", referrerPolicy: "no-referrer" });
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
  const total = Number(response.headers.get("Content-Length") ?? 0);
  const task = { type: "fetching", host: address.host } as const;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let done = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { value } = await reader.read();
    if (!value) break;
    pieces.push(value);
    done += value.length;
    onProgress({ task, done, total: Math.max(total, done) });
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
