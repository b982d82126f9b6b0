import type { DatasetParts, ImageSettings } from "../../../src/data/index.js";

/** One of the user's own images, as a file or decoded, and the name of its class. */
export interface LabelledImage {
  readonly label: string;
  readonly image: Blob | ImageBitmap;
}

/** The data set that a worker reads; each worker reads one. */
export type DataRequest =
  | { readonly type: "digits"; readonly count: number }
  /** A data set of the catalog: from the cache, from the page's own server or, with `download`, from its mirrors. */
  | { readonly type: "known"; readonly name: string; readonly onOwnServer: boolean; readonly download: boolean }
  /** IDX files, gzipped or not. */
  | { readonly type: "files"; readonly files: readonly File[] }
  | { readonly type: "images"; readonly images: readonly LabelledImage[]; readonly settings: ImageSettings };

/** A worker's current task. */
export type DataTask = { readonly type: "drawing" | "decoding" } | { readonly type: "fetching"; readonly host: string };

/** A worker's progress, in bytes while fetching, otherwise in images. */
export interface DataProgress {
  readonly task: DataTask;
  readonly done: number;
  readonly total: number;
}

/** Messages from a data worker to the page. */
export type DataEvent =
  | { readonly type: "progress"; readonly progress: DataProgress }
  | { readonly type: "ready"; readonly parts: DatasetParts; readonly skipped: readonly string[] }
  /** It is not on this machine, and downloading was not requested. */
  | { readonly type: "missing" }
  | { readonly type: "failed"; readonly message: string };
