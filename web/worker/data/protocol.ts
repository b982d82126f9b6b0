import type { DatasetParts, ImageSettings } from "../../../src/data/index.js";

/** An image of somebody's own, a file or decoded, and the name of its class. */
export interface LabelledImage {
  readonly label: string;
  readonly image: Blob | ImageBitmap;
}

/** Which data set a worker is to read; one worker reads one. */
export type DataRequest =
  | { readonly type: "digits"; readonly count: number }
  /** A data set of the catalog: kept from before, on the page's own server, or from its mirrors where that is allowed. */
  | { readonly type: "known"; readonly name: string; readonly onOwnServer: boolean; readonly download: boolean }
  /** IDX files, packed with gzip or not. */
  | { readonly type: "files"; readonly files: readonly File[] }
  | { readonly type: "images"; readonly images: readonly LabelledImage[]; readonly settings: ImageSettings };

/** What a worker is busy with. */
export type DataTask = { readonly type: "drawing" | "decoding" } | { readonly type: "fetching"; readonly host: string };

/** How far a worker is; bytes are counted of what is fetched, else images. */
export interface DataProgress {
  readonly task: DataTask;
  readonly done: number;
  readonly total: number;
}

/** From a data worker to the page. */
export type DataEvent =
  | { readonly type: "progress"; readonly progress: DataProgress }
  | { readonly type: "ready"; readonly parts: DatasetParts; readonly skipped: readonly string[] }
  /** It is not here, and no mirror was to be asked. */
  | { readonly type: "missing" }
  | { readonly type: "failed"; readonly message: string };
