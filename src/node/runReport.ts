import { join } from "node:path";
import type { Dataset, DatasetParts } from "../data/dataset.js";
import { adaptDataset } from "../data/images/adapt.js";
import { splitTraining } from "../data/split.js";
import type { Engine } from "../engine/backend.js";
import type { ImageShape } from "../model/index.js";
import { parameterSpecs } from "../model/index.js";
import { confusionSvg } from "../report/confusion.js";
import type { FactGroup } from "../report/facts.js";
import { count } from "../report/numbers.js";
import type { PageLanguage } from "../report/page/messages/index.js";
import type { Filters, JudgedImage } from "../report/page/pageContent.js";
import type { RunConfig } from "../runs/config.js";
import { RUN_FILES } from "../runs/runFolderFiles.js";
import { runSettings, runTitles } from "../runs/settings.js";
import type { EpochRecord } from "../training/epochs.js";
import { predictDataset } from "../training/evaluate.js";
import { type Evaluation, evaluationOf, macroAverage } from "../training/metrics.js";
import { writeFileAtomic } from "./disk/files.js";
import { imageAddress } from "./images/address.js";
import { readHistory, readRunConfig } from "./runFolder.js";

/** The images on which a run is evaluated. */
export interface JudgedImages {
  readonly dataset: Dataset;
  /** Which of the images. Default: all. */
  readonly indices?: Uint32Array;
  readonly part: "test" | "validation";
}

/** The test images or, if the data set has no test set, the run's validation images. */
export function judgedImages({ recipe, seed }: RunConfig, parts: DatasetParts): JudgedImages {
  if (parts.test) return { dataset: parts.test, part: "test" };
  const { validation } = splitTraining(parts, recipe.validationFraction, seed, recipe.fold);
  return { dataset: parts.train, indices: validation, part: "validation" };
}

/** The most images shown per cell of the confusion matrix. */
const MOST_IMAGES_A_CELL = 24;
/** A bound on all cells' images, in bytes of pixels. A PNG is rarely larger; its data URI is a third larger. */
const MOST_PIXEL_BYTES = 1_300_000;
/** How many images are shown as the most wrong, and as the least sure. */
const EXAMPLES = 12;
/** The longer side of an image on the page, in pixels; larger ones are scaled down. */
const THUMBNAIL_SIDE = 48;

/**
 * Evaluates images with an engine's parameters and writes `report.html` and `confusion.svg` to the run folder,
 * replacing older ones.
 *
 * @param engine with the run's best parameters
 * @param language of both
 * @returns the evaluation
 * @throws Error if the run has no finished epoch yet, or a file cannot be read or written
 */
export async function writeReport(
  path: string,
  engine: Engine,
  images: JudgedImages,
  language: PageLanguage = "en",
): Promise<Evaluation> {
  const config = await readRunConfig(path);
  const history = await readHistory(path);
  if (history.length === 0) throw new Error(`${path} has no finished epoch to report on`);
  const judgement = await judge(engine, images);
  const { evaluation } = judgement;
  const { dataset, part } = images;
  // Imported here so that commands that draw nothing start without the charting code.
  const [{ reportPage }, { PAGE_MESSAGES }] = await Promise.all([
    import("../report/page/page.js"),
    import("../report/page/messages/index.js"),
  ]);
  const { titles, confusion } = PAGE_MESSAGES[language];
  const { title } = runTitles(config, titles);
  const svg = confusionSvg(
    {
      title,
      subtitle: confusion.correct(count(evaluation.correct), count(evaluation.total), part, dataset.generated),
      classes: dataset.classes,
      counts: evaluation.confusion,
    },
    confusion,
  );
  const content = {
    ...evaluation,
    ...(await shownImages(judgement, images)),
    title,
    part,
    generated: dataset.generated,
    classes: dataset.classes,
    macro: macroAverage(evaluation.perClass),
    best: bestOf(history),
    history,
    filters: await firstFilters(engine),
    groups: [...runSettings(config), times(config, history)],
  };
  const page = await reportPage(content, language);
  await writeFileAtomic(join(path, RUN_FILES.confusion), svg);
  await writeFileAtomic(join(path, RUN_FILES.report), page);
  return evaluation;
}

/** The engine's results, by position in `indices`. */
interface Judgement {
  readonly evaluation: Evaluation;
  readonly indices: Uint32Array;
  readonly labels: Uint8Array;
  readonly predictions: Int32Array;
  /** The probability of the prediction. */
  readonly certainties: Float64Array;
  readonly probabilitiesOf: (position: number) => Float64Array;
}

async function judge(engine: Engine, { dataset, indices: some }: JudgedImages): Promise<Judgement> {
  const indices = some ?? Uint32Array.from(dataset.labels.keys());
  const classes = dataset.classes.length;
  const probabilities = await predictDataset(engine, dataset, indices);
  const probabilitiesOf = (position: number) => probabilities.subarray(position * classes, (position + 1) * classes);
  const labels = Uint8Array.from(indices, (index) => dataset.labels[index]);
  const predictions = Int32Array.from(indices, (_, position) => largestIndex(probabilitiesOf(position)));
  const certainties = Float64Array.from(predictions, (prediction, position) => probabilitiesOf(position)[prediction]);
  const losses = Float64Array.from(labels, (label, position) => -Math.log(probabilitiesOf(position)[label]));
  const evaluation = evaluationOf(dataset.classes, labels, predictions, losses);
  return { evaluation, indices, labels, predictions, certainties, probabilitiesOf };
}

/** The index of the first maximum. */
function largestIndex(values: Float64Array): number {
  return values.reduce((best, value, index) => (value > values[best] ? index : best), 0);
}

/** The images that the page shows. */
async function shownImages(judgement: Judgement, { dataset }: JudgedImages) {
  const { indices, labels, predictions, certainties, probabilitiesOf } = judgement;
  const surest = Array.from(indices.keys()).sort((one, other) => certainties[other] - certainties[one]);
  const mostWrong = surest.filter((position) => predictions[position] !== labels[position]).slice(0, EXAMPLES);
  const leastSure = surest.slice(-EXAMPLES).reverse();
  const shape = thumbnailShape(dataset);
  const cells = chooseForCells(judgement, surest, Math.floor(MOST_PIXEL_BYTES / imageSize(shape)));
  const shown = [...new Set([...mostWrong, ...leastSure, ...cells.flat(2)])];
  const addresses = await thumbnails(
    dataset,
    shown.map((position) => indices[position]),
    shape,
  );
  const judged = new Map(
    shown.map((position, place): [number, JudgedImage] => [
      position,
      {
        address: addresses[place],
        index: indices[position],
        file: dataset.files?.[indices[position]],
        truth: labels[position],
        prediction: predictions[position],
        probabilities: probabilitiesOf(position),
      },
    ]),
  );
  const asImages = (positions: readonly number[]) => positions.map((position) => judged.get(position)!);
  return {
    mostWrong: asImages(mostWrong),
    leastSure: asImages(leastSure),
    cells: cells.map((row) => row.map(asImages)),
  };
}

/**
 * The most confident images of each cell, as many as there is room for: one from every cell, then a second from each …
 */
function chooseForCells({ evaluation, labels, predictions }: Judgement, surest: readonly number[], room: number) {
  const all = evaluation.confusion.map((row) => row.map((): number[] => []));
  for (const position of surest) all[labels[position]][predictions[position]].push(position);
  const chosen = all.map((row) => row.map((): number[] => []));
  const byCount = all.flatMap((row, truth) => row.map((positions, predicted) => ({ truth, predicted, positions })));
  byCount.sort((one, other) => other.positions.length - one.positions.length);
  let left = room;
  for (let round = 0; round < MOST_IMAGES_A_CELL; round++) {
    for (const { truth, predicted, positions } of byCount) {
      if (round >= positions.length || left === 0) continue;
      chosen[truth][predicted].push(positions[round]);
      left--;
    }
  }
  return chosen;
}

/** The shape of a data set's images on the page. */
function thumbnailShape({ channels, height, width }: Dataset): ImageShape {
  const scale = Math.min(1, THUMBNAIL_SIDE / Math.max(height, width));
  return { channels, height: Math.round(height * scale), width: Math.round(width * scale) };
}

/** Images as data URIs. */
function thumbnails(dataset: Dataset, indices: readonly number[], shape: ImageShape): Promise<string[]> {
  const size = imageSize(dataset);
  const images = new Uint8Array(indices.length * size);
  for (const [place, index] of indices.entries()) {
    images.set(dataset.images.subarray(index * size, (index + 1) * size), place * size);
  }
  const labels = Uint8Array.from(indices, (index) => dataset.labels[index]);
  const small = adaptDataset({ ...dataset, images, labels }, { shape, resize: "stretch", background: 0 });
  const smallSize = imageSize(shape);
  return Promise.all(
    indices.map((_, place) => imageAddress(shape, small.images.subarray(place * smallSize, (place + 1) * smallSize))),
  );
}

function imageSize({ channels, height, width }: ImageShape): number {
  return channels * height * width;
}

/** The epoch whose weights were saved: the first with the best validation accuracy. */
function bestOf(history: readonly EpochRecord[]): { epoch: number; validationAccuracy: number } {
  return history.reduce((best, record) => (record.validationAccuracy > best.validationAccuracy ? record : best));
}

/** The kernels of the first convolution. */
async function firstFilters(engine: Engine): Promise<Filters> {
  const [first] = parameterSpecs(engine.layers);
  const [count, channels, height, width] = first.shape;
  const parameters = await engine.parameters();
  return { weights: parameters.get(first.name)!.data, shape: [count, channels, height, width] };
}

function times({ startedAt }: RunConfig, history: readonly EpochRecord[]): FactGroup {
  const sum = (seconds: (record: EpochRecord) => number) =>
    history.reduce((total, record) => total + seconds(record), 0);
  const train = sum(({ trainSeconds }) => trainSeconds);
  const validation = sum(({ validationSeconds }) => validationSeconds);
  const inSeconds = (seconds: number) => `${seconds.toFixed(2)} s`;
  return {
    title: "Times",
    facts: [
      { name: "started", value: startedAt },
      { name: "epochs", value: String(history.length) },
      { name: "training", value: inSeconds(train) },
      { name: "validation", value: inSeconds(validation) },
      { name: "total", value: inSeconds(train + validation) },
      { name: "per epoch", value: inSeconds((train + validation) / history.length) },
    ],
  };
}
