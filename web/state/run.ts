import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import { lenet5 } from "../../src/engine.js";
import type { Model } from "../../src/model/index.js";
import type { EpochRecord } from "../../src/training/epochs.js";
import type { Recipe } from "../../src/training/recipes/recipes.js";
import type {
  MarkedSnapshot,
  Snapshot,
  Stretch,
  TrainingCommand,
  TrainingEvent,
  TrainingMachine,
  TrainingProgress,
} from "../worker/training/protocol.js";
import type { LoadedData } from "./loadedData.js";
import { type RunFields, recipeFor } from "./settings.js";

/** What defines a run. */
export interface RunSettings {
  /** The settings in the address. */
  readonly fields: RunFields;
  readonly data: LoadedData;
}

export type RunStatus = "starting" | "running" | "resting" | "done" | "failed";

/** Means over some batches of the training pass; `epoch` is where they end, in epochs. */
export interface CurvePoint {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** The maximum number of points per epoch, so that long runs stay quick to draw. */
const POINTS_PER_EPOCH = 20;

/** A training run in its worker, and everything it has reported. */
export class Run {
  /** Counted from 1; determines the run's colour and dashes. */
  readonly number: number;
  readonly startedAt = new Date();
  readonly settings: RunSettings;
  /** The recipe that results from the settings. */
  readonly recipe: Recipe;
  readonly model: Model;

  readonly status: ReadonlySignal<RunStatus>;
  readonly machine = signal<TrainingMachine | undefined>(undefined);
  readonly progress = signal<TrainingProgress | undefined>(undefined);
  readonly curve = signal<readonly CurvePoint[]>([]);
  readonly epochs = signal<readonly EpochRecord[]>([]);
  /** The newest validation, also while it runs: counts, row-major; rows are the true class. */
  readonly confusion = signal<Uint32Array | undefined>(undefined);
  /** The newest reported parameters; after the run, the best ones. */
  readonly weights = signal<MarkedSnapshot | undefined>(undefined);
  /** The parameters over time, starting before the first step. */
  readonly timeline = signal<readonly Snapshot[]>([]);
  /** The parameters requested last. */
  readonly live = signal<Snapshot | undefined>(undefined);
  readonly bestEpoch = signal<number | undefined>(undefined);
  /** Why it failed. */
  readonly failure = signal<string | undefined>(undefined);
  /** Whether it can continue. */
  readonly canGo = computed(() => !["done", "failed"].includes(this.status.value));

  private untilNextPoint = { loss: 0, accuracy: 0, samples: 0 };
  private readonly currentStatus = signal<RunStatus>("starting");
  private readonly worker = new Worker(new URL("../worker/training/worker.js", import.meta.url), { type: "module" });

  /** @param stretch how far to train at first. Default: it starts paused */
  constructor(number: number, settings: RunSettings, stretch?: Stretch) {
    const { fields, data } = settings;
    const { train, validationCount } = data.parts;
    const recipe = recipeFor(fields, train, data.background);
    this.number = number;
    this.settings = settings;
    this.recipe = recipe;
    this.status = this.currentStatus;
    this.model = lenet5({ ...recipe, input: imageShape(data), classes: train.classes.length });
    this.worker.addEventListener("message", ({ data }: MessageEvent<TrainingEvent>) => batch(() => this.receive(data)));
    this.worker.addEventListener("error", ({ message }) => this.fail(message));
    this.send({
      type: "start",
      start: { dataset: train, validationCount, recipe, seed: fields.seed, threads: fields.threads, stretch },
    });
    if (stretch) this.currentStatus.value = "running";
  }

  /** Trains to the end of a stretch. */
  go(stretch: Stretch): void {
    if (!this.canGo.value) return;
    this.currentStatus.value = "running";
    this.send({ type: "go", stretch });
  }

  /** Pauses at the next batch. */
  rest(): void {
    this.send({ type: "rest" });
  }

  /** Requests the current parameters of a running training; they arrive in `live`. */
  requestSnapshot(): void {
    this.send({ type: "snapshot" });
  }

  /** Terminates the run's worker. */
  dispose(): void {
    this.worker.terminate();
  }

  private send(command: TrainingCommand): void {
    this.worker.postMessage(command);
  }

  private receive(event: TrainingEvent): void {
    switch (event.type) {
      case "started":
        this.machine.value = event.machine;
        this.keep(event.initial);
        break;
      case "progress":
        this.receiveProgress(event.progress);
        break;
      case "epoch":
        this.epochs.value = [...this.epochs.value, event.record];
        this.bestEpoch.value = event.bestEpoch;
        this.keep(event.after);
        break;
      case "resting":
        this.currentStatus.value = "resting";
        this.keep(event.at);
        break;
      case "snapshot":
        this.live.value = event.at;
        this.timeline.value = keepSnapshot(this.timeline.value, event.at);
        break;
      case "done":
        this.weights.value = event.best;
        this.currentStatus.value = "done";
        this.dispose();
        break;
      case "failed":
        this.fail(event.message);
        break;
    }
  }

  private receiveProgress(progress: TrainingProgress): void {
    this.progress.value = progress;
    if (progress.confusion) this.confusion.value = progress.confusion;
    if (progress.phase === "train") this.addToCurve(progress);
  }

  /** Accumulates progress until it is enough for a point of the curve. */
  private addToCurve({ epoch: number, done, total, loss, accuracy, samples }: TrainingProgress): void {
    const sums = this.untilNextPoint;
    sums.loss += loss * samples;
    sums.accuracy += accuracy * samples;
    sums.samples += samples;
    const epoch = number - 1 + done / total;
    const last = this.curve.value.at(-1)?.epoch ?? 0;
    if (epoch - last < 1 / POINTS_PER_EPOCH) return;
    const point = { epoch, loss: sums.loss / sums.samples, accuracy: sums.accuracy / sums.samples };
    this.curve.value = [...this.curve.value, point];
    this.untilNextPoint = { loss: 0, accuracy: 0, samples: 0 };
  }

  private keep(snapshot: MarkedSnapshot): void {
    this.weights.value = snapshot;
    this.timeline.value = keepSnapshot(this.timeline.value, snapshot);
  }

  private fail(message: string): void {
    this.failure.value = message;
    this.currentStatus.value = "failed";
    this.dispose();
  }
}

function imageShape({ parts: { train } }: LoadedData) {
  const { channels, height, width } = train;
  return { channels, height, width };
}

/** The maximum number of snapshots kept; more would fill the memory and show nothing new. */
const MOST_SNAPSHOTS = 128;

/** Appends a snapshot. If there are too many, drops every second one except the first and the last. */
export function keepSnapshot(timeline: readonly Snapshot[], { epoch, parameters }: Snapshot): readonly Snapshot[] {
  const earlier = timeline.filter((kept) => kept.epoch < epoch);
  const all = [...earlier, { epoch, parameters }];
  return all.length <= MOST_SNAPSHOTS ? all : all.filter((_, index) => index % 2 === 0 || index === all.length - 1);
}
