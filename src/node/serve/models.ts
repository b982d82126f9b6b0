import { stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { classCount, type Framing, type ImageShape, inferShapes } from "../../model/index.js";
import { RUN_FILES } from "../../runs/runFolderFiles.js";
import { isFolder } from "../disk/files.js";
import { loadWeights } from "../loadWeights.js";
import type { InferencePool } from "./inferencePool.js";
import { RequestError } from "./requestError.js";

/** A model to serve: a run folder or weights file, under a name and a version. */
export interface ModelSource {
  readonly path: string;
  readonly name: string;
  readonly version: string;
}

/** A network that is loaded into the threads. */
export interface LoadedNetwork {
  /** Its number in the pool. */
  readonly network: number;
  readonly input: ImageShape;
  readonly framing: Framing;
  readonly classes: readonly string[];
}

/** A model with its current network. */
export interface ServedModel extends ModelSource {
  readonly loaded: LoadedNetwork;
}

/** Told of what happens to models while they are served. */
export interface ModelEvents {
  readonly onReload?: (model: ModelSource) => void;
  /** A changed file cannot be used. The previous network is served on. */
  readonly onFailure?: (model: ModelSource, error: Error) => void;
}

interface Entry {
  readonly source: ModelSource;
  loaded: LoadedNetwork;
  /** Changes whenever the weights are written. */
  state: string;
}

const NAME = /^[\w.-]{1,100}$/;
const NAMED = /^([\w.-]{1,100})(?:@([\w.-]{1,100}))?=(.+)$/s;
const WATCH_MILLISECONDS = 1000;

/**
 * Parses models as they are given on the command line: PATH, NAME=PATH or NAME@VERSION=PATH. The default name is the
 * path's last part without extension, the default version "1".
 *
 * @throws Error if a name cannot be part of an address, or two models have the same name and version
 */
export function parseSources(texts: readonly string[]): ModelSource[] {
  const sources = texts.map((text): ModelSource => {
    const [, name, version = "1", path] = NAMED.exec(text) ?? [];
    return path === undefined ? { path: text, name: nameOf(text), version: "1" } : { path, name, version };
  });
  const known = new Set<string>();
  for (const { name, version, path } of sources) {
    if (!NAME.test(name)) {
      throw new Error(`${path}: "${name}" cannot be a model's name; give one of letters and digits, as NAME=${path}`);
    }
    const key = `${name}@${version}`;
    if (known.has(key)) throw new Error(`two models are ${key}; name them apart, as NAME@VERSION=PATH`);
    known.add(key);
  }
  return sources;
}

function nameOf(path: string): string {
  const last = basename(path.replace(/[/\\]+$/, ""));
  return [".pth", ".safetensors", ".onnx"].includes(extname(last)) ? basename(last, extname(last)) : last;
}

/** The served models. Watches their files, and replaces a network when its file has changed. */
export class Models {
  private readonly pool: InferencePool;
  private readonly events: ModelEvents;
  /** By name, then by version. */
  private readonly entries = new Map<string, Map<string, Entry>>();
  /** How many requests use each network. */
  private readonly users = new Map<number, number>();
  /** Networks to unload once nobody uses them. */
  private readonly retired = new Set<number>();
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  private constructor(pool: InferencePool, events: ModelEvents) {
    this.pool = pool;
    this.events = events;
  }

  /** Loads all models. @throws Error naming the path if one cannot be loaded */
  static async open(sources: readonly ModelSource[], pool: InferencePool, events: ModelEvents = {}): Promise<Models> {
    const models = new Models(pool, events);
    for (const source of sources) {
      const state = await stateOf(source.path);
      const loaded = await models.load(source);
      const versions = models.entries.get(source.name) ?? new Map<string, Entry>();
      models.entries.set(source.name, versions.set(source.version, { source, loaded, state }));
    }
    models.watch();
    return models;
  }

  /** All models in the order in which they were given. */
  list(): ServedModel[] {
    return [...this.entries.values()].flatMap((versions) =>
      [...versions.values()].map(({ source, loaded }) => ({ ...source, loaded })),
    );
  }

  /** A model's versions, the newest last. @throws RequestError 404 if there is no such model */
  versions(name: string): string[] {
    return [...this.versionsOf(name).keys()].sort(compareVersions);
  }

  /**
   * Finds a model.
   *
   * @param name default: the first
   * @param version default: the newest
   * @throws RequestError 404 if it does not exist
   */
  find(name = [...this.entries.keys()][0], version?: string): ServedModel {
    const wanted = version ?? this.versions(name).at(-1)!;
    const entry = this.versionsOf(name).get(wanted);
    if (!entry) throw new RequestError(404, `the model ${shortened(name)} has no version ${shortened(wanted)}`);
    return { ...entry.source, loaded: entry.loaded };
  }

  /** Calls `body` with a model whose network stays loaded until the promise is settled. */
  async use<Result>(
    name: string | undefined,
    version: string | undefined,
    body: (model: ServedModel) => Promise<Result>,
  ): Promise<Result> {
    const model = this.find(name, version);
    const { network } = model.loaded;
    this.users.set(network, (this.users.get(network) ?? 0) + 1);
    try {
      return await body(model);
    } finally {
      this.users.set(network, this.users.get(network)! - 1);
      this.unloadUnused();
    }
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private versionsOf(name: string): Map<string, Entry> {
    const versions = this.entries.get(name);
    if (!versions) throw new RequestError(404, `there is no model ${shortened(name)}`);
    return versions;
  }

  private async load({ path }: ModelSource): Promise<LoadedNetwork> {
    const weights = await loadWeights(path);
    const { model, metadata } = weights;
    const count = classCount(inferShapes(model));
    const { run: _, ...plain } = weights;
    return {
      network: await this.pool.load(plain, count),
      input: model.input,
      framing: metadata?.framing ?? { resize: "contain", background: 0 },
      classes: metadata?.classes ?? Array.from({ length: count }, (_, index) => String(index)),
    };
  }

  private watch(): void {
    if (this.closed) return;
    this.timer = setTimeout(async () => {
      for (const versions of this.entries.values()) {
        for (const entry of versions.values()) await this.reloadIfChanged(entry);
      }
      this.watch();
    }, WATCH_MILLISECONDS);
    this.timer.unref();
  }

  private async reloadIfChanged(entry: Entry): Promise<void> {
    const { source } = entry;
    try {
      const state = await stateOf(source.path);
      if (state === entry.state) return;
      // Even if it cannot be used: it is tried again only when it changes again.
      entry.state = state;
      const loaded = await this.load(source);
      this.retired.add(entry.loaded.network);
      entry.loaded = loaded;
      this.unloadUnused();
      this.events.onReload?.(source);
    } catch (error) {
      this.events.onFailure?.(source, error as Error);
    }
  }

  private unloadUnused(): void {
    for (const network of this.retired) {
      if ((this.users.get(network) ?? 0) > 0) continue;
      this.retired.delete(network);
      this.users.delete(network);
      this.pool.unload(network);
    }
  }
}

/** What changes when a model's weights are written: files are replaced, so the inode, too. */
async function stateOf(path: string): Promise<string> {
  try {
    const file = (await isFolder(path)) ? join(path, RUN_FILES.safetensors) : path;
    const { ino, size, mtimeMs } = await stat(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return "missing";
  }
}

/** Orders versions: numbers by value, before anything else. */
function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

function shortened(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
