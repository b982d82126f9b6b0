import { DATA_NAMES, type DataSettings } from "../../../node/openData.js";
import { type LoadedData, loadData, type Progress } from "../../data.js";
import { shareData } from "../pool.js";
import type { SweepNeeds } from "./job.js";

/** A worker lacks what a job needs. The message says what it is and what to do. */
export class LackError extends Error {
  override readonly name = "LackError";
}

/** Data sets in memory at once. */
const MOST_IN_MEMORY = 2;
/** A missing data set is looked for again after this time. */
const LOOK_AGAIN_MILLISECONDS = 60_000;

/**
 * The data sets of a worker: those known by name, which it finds or downloads, and the folders that its user names. A job
 * names what it needs by checksum, and never a path that is opened.
 */
export class WorkerData {
  private readonly folders: readonly string[];
  private readonly dataDir: string | undefined;
  private readonly progress: Progress;
  private readonly loaded = new Map<string, Promise<LoadedData>>();

  /**
   * @param folders of images, IDX files or CIFAR batches
   * @param dataDir the only folder to look in for data sets known by name
   */
  constructor(folders: readonly string[], dataDir: string | undefined, progress: Progress) {
    this.folders = folders;
    this.dataDir = dataDir;
    this.progress = progress;
  }

  /** The images of a job, in memory that threads share. @throws LackError if they cannot be obtained */
  async load(asked: SweepNeeds["data"]): Promise<LoadedData> {
    const { checksum, testChecksum, settings } = asked;
    const { input, resize, background } = settings;
    const key = JSON.stringify([checksum, testChecksum, input, resize, background]);
    let loading = this.loaded.get(key);
    if (!loading) {
      loading = this.find(asked);
      this.keep(key, loading);
    }
    // Recorded as the submitter opened it, so that the run's files are the same wherever it is trained.
    return { ...(await loading), name: asked.name, settings };
  }

  private keep(key: string, loading: Promise<LoadedData>): void {
    this.loaded.set(key, loading);
    const [oldest] = this.loaded.keys();
    if (this.loaded.size > MOST_IN_MEMORY) this.loaded.delete(oldest);
    loading.catch((error) => {
      const forget = () => this.loaded.delete(key);
      if (error instanceof LackError) setTimeout(forget, LOOK_AGAIN_MILLISECONDS).unref();
      else forget();
    });
  }

  private async find(asked: SweepNeeds["data"]): Promise<LoadedData> {
    const { name, checksum, settings } = asked;
    const { data, input, resize, background } = settings;
    const reasons: string[] = [];
    const places: Pick<DataSettings, "data" | "dataDir">[] = [
      ...(DATA_NAMES.includes(data) ? [{ data, dataDir: this.dataDir }] : []),
      ...this.folders.map((folder) => ({ data: folder })),
    ];
    for (const place of places) {
      try {
        const found = await loadData({ ...place, input, resize, background }, this.progress);
        if (isAsked(found, asked)) return shareData(found);
        reasons.push(`${place.data} holds other images`);
      } catch (error) {
        this.progress.signal?.throwIfAborted();
        reasons.push((error as Error).message);
      }
    }
    const because = reasons.length > 0 ? ` (${reasons.join("; ")})` : "";
    throw new LackError(
      `it lacks the data set ${name} with the checksum ${checksum.slice(0, 12)}…${because}: name its folder with --data`,
    );
  }
}

function isAsked({ parts }: LoadedData, { checksum, testChecksum, validationCount }: SweepNeeds["data"]): boolean {
  return (
    parts.train.checksum === checksum &&
    parts.test?.checksum === testChecksum &&
    parts.validationCount === validationCount
  );
}
