import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { formatAugmentation } from "../data/augmentationText.js";
import {
  eventRecord,
  fileStart,
  histogram,
  hyperparameters,
  image,
  lengthUpTo,
  type Settings,
  type SummaryValue,
  scalar,
  sessionEnd,
} from "../formats/tensorboard/events.js";
import type { NamedTensors, Tensor } from "../model/index.js";
import type { RunConfig } from "../runs/config.js";
import { RUN_FILES } from "../runs/runFolderFiles.js";
import type { EpochRecord } from "../training/epochs.js";
import type { Evaluation } from "../training/metrics.js";
import { largestLearningRate } from "../training/recipes/schedules.js";
import { describeFileError, errorCode, readRegularFile } from "./disk/files.js";
import { encodePng } from "./images/png.js";

/** The tags by which TensorBoard compares runs. */
const METRICS = ["accuracy/validation", "loss/validation", "accuracy/test", "loss/test"];

/**
 * A run's event file for TensorBoard: one step per epoch. It is the one file of a run folder that grows in place, since
 * TensorBoard reads on where it stopped; its records have checksums. A resumed run cuts off whatever is beyond its
 * checkpoint, so no step is there twice.
 */
export class TensorboardLog {
  private readonly file: FileHandle;
  private readonly path: string;
  private length: number;

  private constructor(file: FileHandle, path: string, length: number) {
    this.file = file;
    this.path = path;
    this.length = length;
  }

  /**
   * Creates a run's event file, or continues it.
   *
   * @param history the finished epochs, which a new file begins with
   * @throws Error if it cannot be written
   */
  static async open(folder: string, config: RunConfig, history: readonly EpochRecord[]): Promise<TensorboardLog> {
    const path = join(folder, RUN_FILES.events);
    const length = lengthUpTo(await readIfThere(path), history.length);
    try {
      const file = await open(path, length > 0 ? "r+" : "w");
      await file.truncate(length);
      const log = new TensorboardLog(file, path, length);
      if (length === 0) await log.begin(config, history);
      return log;
    } catch (error) {
      throw new Error(describeFileError(error, `write ${path}`), { cause: error });
    }
  }

  /** Whether a run has an event file. */
  static async isIn(folder: string): Promise<boolean> {
    return (await readIfThere(join(folder, RUN_FILES.events))).length > 0;
  }

  /** Adds an epoch: its numbers, the distribution of its parameters, and the first layer's filters. */
  async keepEpoch(record: EpochRecord, parameters: NamedTensors<Float32Array>): Promise<void> {
    const tensors = [...parameters];
    const filters = tensors.find(([, { shape }]) => shape.length === 4);
    await this.add(record.epoch, [
      ...epochScalars(record),
      ...tensors.map(([name, { data }]) => histogram(`parameters/${name}`, data)),
      ...(filters ? [await filterImage(...filters)] : []),
    ]);
  }

  /** Adds the result of the finished run. */
  async finish(epoch: number, test: Evaluation | undefined): Promise<void> {
    const results = test ? [scalar("accuracy/test", test.accuracy), scalar("loss/test", test.loss)] : [];
    await this.add(epoch, [...results, sessionEnd(now())]);
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private async begin(config: RunConfig, history: readonly EpochRecord[]): Promise<void> {
    await this.append(fileStart(now()));
    await this.add(0, hyperparameters(settingsOf(config), METRICS, Date.parse(config.startedAt) / 1000));
    for (const record of history) await this.add(record.epoch, epochScalars(record));
  }

  private add(step: number, values: readonly SummaryValue[]): Promise<void> {
    return this.append(eventRecord(now(), step, values));
  }

  private async append(record: Uint8Array): Promise<void> {
    try {
      await this.file.write(record, 0, record.length, this.length);
      this.length += record.length;
    } catch (error) {
      throw new Error(describeFileError(error, `write ${this.path}`), { cause: error });
    }
  }
}

function now(): number {
  return Date.now() / 1000;
}

/** The largest file that Node reads at once. 100,000 epochs of LeNet-5 take 900 MB. */
const MOST_BYTES = 2 ** 31 - 1;

async function readIfThere(path: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, MOST_BYTES);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return new Uint8Array();
    throw new Error(describeFileError(error, `read ${path}`), { cause: error });
  }
}

function epochScalars(record: EpochRecord): SummaryValue[] {
  return [
    scalar("loss/train", record.trainLoss),
    scalar("loss/validation", record.validationLoss),
    scalar("accuracy/train", record.trainAccuracy),
    scalar("accuracy/validation", record.validationAccuracy),
    scalar("learning rate", record.learningRate),
    scalar("seconds/train", record.trainSeconds),
    scalar("seconds/validation", record.validationSeconds),
  ];
}

/** The settings by which runs of a sweep differ. */
function settingsOf({ recipe, seed, data }: RunConfig): Settings {
  const { optimizer, schedule } = recipe;
  return {
    recipe: recipe.name,
    data: data.name,
    seed,
    epochs: recipe.epochs,
    "batch size": recipe.batchSize,
    activation: recipe.activation,
    pooling: recipe.pooling,
    dropout: recipe.dropout,
    optimizer: optimizer.type,
    ...("weightDecay" in optimizer && { "weight decay": optimizer.weightDecay }),
    schedule: schedule.type,
    "learning rate": largestLearningRate(schedule),
    "label smoothing": recipe.labelSmoothing,
    augmentation: formatAugmentation(recipe.augmentation),
  };
}

const FILTER_SCALE = 8;
const GAP = 2;

/** A layer's filters side by side, each scaled to its own range: one row per input channel. */
async function filterImage(name: string, { shape, data }: Tensor<Float32Array>): Promise<SummaryValue> {
  const [filters, channels, rows, columns] = shape;
  const cell = { height: rows * FILTER_SCALE + GAP, width: columns * FILTER_SCALE + GAP };
  const width = filters * cell.width - GAP;
  const height = channels * cell.height - GAP;
  const pixels = new Uint8Array(width * height).fill(255);
  for (let filter = 0; filter < filters; filter++) {
    const size = channels * rows * columns;
    const weights = data.subarray(filter * size, (filter + 1) * size);
    const least = Math.min(...weights);
    const range = Math.max(...weights) - least || 1;
    for (let channel = 0; channel < channels; channel++) {
      for (let y = 0; y < rows * FILTER_SCALE; y++) {
        for (let x = 0; x < columns * FILTER_SCALE; x++) {
          const row = Math.floor(y / FILTER_SCALE);
          const weight = weights[(channel * rows + row) * columns + Math.floor(x / FILTER_SCALE)];
          const place = (channel * cell.height + y) * width + filter * cell.width + x;
          pixels[place] = Math.round((255 * (weight - least)) / range);
        }
      }
    }
  }
  return image(`filters/${name}`, await encodePng(pixels, width, height), width, height);
}
