import { existsSync } from "node:fs";
import { CATALOG, isSameName } from "../data/catalog.js";
import type { Dataset, DatasetPart, DatasetParts } from "../data/dataset.js";
import { DIGITS_DATASET, generateDigits } from "../data/digits.js";
import { adaptDataset } from "../data/images/adapt.js";
import type { ImageSettings } from "../data/images/resize.js";
import type { ImageShape } from "../model/index.js";
import { refusePickledBatches } from "./cifarFiles.js";
import { isDatasetFiles, loadDatasetFiles } from "./datasetFiles.js";
import { type LoadDatasetOptions, loadDataset, loadDatasetParts } from "./datasets.js";
import { loadImageFolder } from "./imageFolder.js";
import type { SkippedFile } from "./images/folderWalk.js";
import { folderName } from "./images/listing.js";

/** Which data set to open, and how to fit its images to the network's input. */
export interface DataSettings extends Pick<ImageSettings, "resize" | "background"> {
  /** One of {@link DATA_NAMES}, however it is written, or the path of a folder of images, IDX files or CIFAR batches. */
  readonly data: string;
  /** The only folder in which to look for a known data set. */
  readonly dataDir?: string;
  /** The network's input. Default: the images' own size, or {@link COLOUR_INPUT} for a folder of images. */
  readonly input?: ImageShape;
  /** Whether an unusable file in a folder of images is an error. */
  readonly strict?: boolean;
}

/** How to follow progress and to abort. */
export interface OpenDataOptions extends Pick<LoadDatasetOptions, "signal"> {
  /** Called during a download. */
  readonly onDownload?: LoadDatasetOptions["onProgress"];
  /** Called while images are decoded or drawn. */
  readonly onProgress?: (progress: { readonly doing: string; readonly done: number; readonly total: number }) => void;
  /** Called with a line that the user should see about the data. */
  readonly onWarning?: (line: string) => void;
}

/** An available data set. A known one is read when `train` or `test` is called. */
export interface OpenedData {
  readonly name: string;
  /** The title of a known data set that was opened by its path, and recognised by its checksums. */
  readonly title?: string;
  /** The images to train on. If the source has validation images, they are the last ones. */
  train(): Promise<Pick<DatasetParts, "train" | "validationCount">>;
  /** Undefined if the source has no test set. */
  test(): Promise<Dataset | undefined>;
  /** The files in a folder of images that could not be used. */
  readonly skipped: readonly SkippedFile[];
}

/** The default input for images of any size. */
export const COLOUR_INPUT: ImageShape = { channels: 3, height: 32, width: 32 };

/** The range of the network's input height and width. */
export const INPUT_SIDES = { least: 12, most: 128 } as const;

/** The data sets known by name. */
export const DATA_NAMES: readonly string[] = [...CATALOG.map(({ name }) => name), DIGITS_DATASET.name];

/** The generated data set is always the same, whatever the run's seed. */
const DIGITS_SEED = 0;

/**
 * The data set that a text means: the known name, however it is written, or the path if it exists; undefined if it is
 * neither.
 */
export function dataMeantBy(text: string): string | undefined {
  if (DATA_NAMES.includes(text) || existsSync(text)) return text;
  return DATA_NAMES.find((name) => isSameName(name, text));
}

/**
 * Opens a data set, in the shape of the network's input.
 *
 * @throws DatasetUnavailableError if a known one is not found and cannot be downloaded
 * @throws Error if the path does not exist or holds no data set, or a file is damaged
 * @throws the signal's reason if it is aborted
 *
 * @example
 * ```ts
 * import { openData } from "lenet/node";
 *
 * const opened = await openData({ data: "digits", resize: "contain", background: 0 });
 * console.log(opened.name, (await opened.test())?.labels.length);
 * ```
 */
export async function openData(given: DataSettings, options: OpenDataOptions = {}): Promise<OpenedData> {
  const settings = { ...given, data: dataMeantBy(given.data) ?? given.data };
  if (settings.data === DIGITS_DATASET.name) return openDigits(settings, options);
  if (DATA_NAMES.includes(settings.data)) return openKnown(settings, options);
  if (await isDatasetFiles(settings.data)) return openFiles(settings);
  return openImages(settings, options);
}

function openDigits({ input = DIGITS_DATASET.shape }: DataSettings, { onProgress }: OpenDataOptions): OpenedData {
  const draw = (part: DatasetPart) => {
    const total = DIGITS_DATASET.counts[part];
    return generateDigits({
      ...input,
      seed: DIGITS_SEED,
      count: total,
      part,
      onProgress: (done) => onProgress?.({ doing: `drawing digits (${part})`, done, total }),
    });
  };
  return {
    name: DIGITS_DATASET.name,
    train: async () => ({ train: draw("train") }),
    test: async () => draw("test"),
    skipped: [],
  };
}

function openKnown(settings: DataSettings, { signal, onDownload, onWarning }: OpenDataOptions): OpenedData {
  const { data: name, dataDir } = settings;
  const load: LoadDatasetOptions = { dataDir, signal, onProgress: onDownload, onWarning };
  let test: Dataset | undefined;
  return {
    name,
    train: async () => {
      // Both parts at once, so that an archive is read only once.
      const parts = await loadDatasetParts(name, load);
      test = parts.test;
      return { train: adapt(parts.train, settings) };
    },
    test: async () => adapt(test ?? (await loadDataset(name, "test", load)), settings),
    skipped: [],
  };
}

async function openFiles(settings: DataSettings): Promise<OpenedData> {
  const { train, test, title } = await loadDatasetFiles(settings.data);
  return {
    name: train.name,
    title,
    train: async () => ({ train: adapt(train, settings) }),
    test: async () => test && adapt(test, settings),
    skipped: [],
  };
}

async function openImages(settings: DataSettings, options: OpenDataOptions): Promise<OpenedData> {
  const { data: path, input: shape = COLOUR_INPUT, resize, background, strict } = settings;
  await refusePickledBatches(path);
  const { parts, skipped, warnings } = await loadImageFolder(
    path,
    { shape, resize, background },
    {
      strict,
      signal: options.signal,
      onProgress: (progress) => options.onProgress?.({ doing: "reading images", ...progress }),
    },
  );
  for (const line of warnings) options.onWarning?.(`${path}: ${line}`);
  return {
    name: folderName(path),
    train: async () => parts,
    test: async () => parts.test,
    skipped,
  };
}

/** The images in the shape of the network's input. @throws Error if their own size is outside its range */
function adapt(dataset: Dataset, { input, resize, background }: DataSettings): Dataset {
  const { channels, height, width } = input ?? dataset;
  const { least, most } = INPUT_SIDES;
  if ([height, width].some((side) => side < least || side > most)) {
    throw new Error(
      `${dataset.name} has images of ${height}x${width}, but the network takes ${least} to ${most} rows and columns: choose a size with --input`,
    );
  }
  return adaptDataset(dataset, { shape: { channels, height, width }, resize, background });
}
