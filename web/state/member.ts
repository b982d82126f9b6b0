import { signal } from "@preact/signals";
import type { EpochRecord } from "../../src/training/epochs.js";
import type { MarkedSnapshot, Means, NetworkEpoch, Snapshot, TrainingProgress } from "../worker/training/protocol.js";

/** Means over some batches of the training pass; `epoch` is where they end, in epochs. */
export interface CurvePoint {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** The maximum number of points per epoch, so that long runs stay quick to draw. */
const POINTS_PER_EPOCH = 20;

/** About 4 MB per network. */
const KEPT_SNAPSHOTS = 16;

/** A network as it is kept when the page closes. */
export interface KeptMember {
  readonly seed: number;
  readonly curve: readonly CurvePoint[];
  readonly epochs: readonly EpochRecord[];
  readonly confusion?: Uint32Array;
  readonly weights?: MarkedSnapshot;
  readonly timeline: readonly Snapshot[];
  readonly bestEpoch?: number;
  readonly failure?: string;
  readonly latest?: Means;
  readonly isCompared: boolean;
}

const NOTHING = { epoch: 0, loss: 0, accuracy: 0, samples: 0 };

/** A network of a run, and everything that has been reported about it. */
export class Member {
  readonly seed: number;

  readonly curve = signal<readonly CurvePoint[]>([]);
  /** The newest means of the training pass. */
  readonly latest = signal<Means | undefined>(undefined);
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
  /** Why its training ended before that of the others. */
  readonly failure = signal<string | undefined>(undefined);
  /** Its number in Compare, where it determines the style of its lines; undefined if it is not listed there. */
  readonly compareNumber = signal<number | undefined>(undefined);

  private readonly mostSnapshots: number;
  /** Sums over the images since the last point of the curve, and where they end. */
  private untilNextPoint = NOTHING;

  /** @param mostSnapshots the length of the timeline */
  constructor(seed: number, mostSnapshots: number) {
    this.seed = seed;
    this.mostSnapshots = mostSnapshots;
  }

  /** As it is kept when the page closes: with fewer of its snapshots. */
  get kept(): KeptMember {
    const { seed, curve, epochs, confusion, weights, timeline, bestEpoch, failure, latest, compareNumber } = this;
    const all = timeline.value;
    const step = Math.max(1, Math.ceil(all.length / KEPT_SNAPSHOTS));
    return {
      seed,
      curve: curve.value,
      epochs: epochs.value,
      confusion: confusion.value,
      weights: weights.value,
      timeline: all.filter((_, index) => index % step === 0 || index === all.length - 1),
      bestEpoch: bestEpoch.value,
      failure: failure.value,
      latest: latest.value,
      isCompared: compareNumber.value !== undefined,
    };
  }

  /** Takes what was kept. */
  restore(kept: KeptMember): void {
    this.curve.value = kept.curve;
    this.epochs.value = kept.epochs;
    this.confusion.value = kept.confusion;
    this.weights.value = kept.weights;
    this.timeline.value = kept.timeline;
    this.bestEpoch.value = kept.bestEpoch;
    this.failure.value = kept.failure;
    this.latest.value = kept.latest;
  }

  /** The record of the epoch with the best validation accuracy so far. */
  get best(): EpochRecord | undefined {
    return this.epochs.value.find(({ epoch }) => epoch === this.bestEpoch.value);
  }

  receiveMeans(means: Means, progress: TrainingProgress): void {
    if (means.confusion) this.confusion.value = means.confusion;
    if (progress.phase !== "train") return;
    this.latest.value = means;
    this.addToCurve(means, progress);
  }

  receiveEpoch({ record, after, bestEpoch }: NetworkEpoch): void {
    this.epochs.value = [...this.epochs.value, record];
    this.bestEpoch.value = bestEpoch;
    this.keep(after);
  }

  receiveLive(at: Snapshot): void {
    this.live.value = at;
    this.addToTimeline(at);
  }

  /** Takes the parameters with which the training pauses. */
  rest(snapshot: MarkedSnapshot): void {
    this.endPoint();
    this.live.value = undefined;
    this.keep(snapshot);
  }

  /** Takes parameters as the newest ones. */
  keep(snapshot: MarkedSnapshot): void {
    this.weights.value = snapshot;
    this.addToTimeline(snapshot);
  }

  /** Forgets what came after an epoch. */
  goBack(to: MarkedSnapshot): void {
    this.weights.value = to;
    this.live.value = undefined;
    this.latest.value = undefined;
    this.timeline.value = this.timeline.value.filter(({ epoch }) => epoch <= to.epoch);
    this.curve.value = this.curve.value.filter(({ epoch }) => epoch <= to.epoch);
    this.untilNextPoint = NOTHING;
  }

  /** Ends the point of the curve that is being accumulated, however little it is the mean of. */
  private endPoint(): void {
    const { epoch, loss, accuracy, samples } = this.untilNextPoint;
    this.untilNextPoint = NOTHING;
    if (samples === 0) return;
    this.curve.value = [...this.curve.value, { epoch, loss: loss / samples, accuracy: accuracy / samples }];
  }

  private addToTimeline(snapshot: Snapshot): void {
    this.timeline.value = keepSnapshot(this.timeline.value, snapshot, this.mostSnapshots);
  }

  /** Accumulates means until they are enough for a point of the curve. */
  private addToCurve({ loss, accuracy, samples }: Means, { epoch: number, done, total }: TrainingProgress): void {
    const sums = this.untilNextPoint;
    const epoch = number - 1 + done / total;
    this.untilNextPoint = {
      epoch,
      loss: sums.loss + loss * samples,
      accuracy: sums.accuracy + accuracy * samples,
      samples: sums.samples + samples,
    };
    const last = this.curve.value.at(-1)?.epoch ?? 0;
    if (epoch - last >= 1 / POINTS_PER_EPOCH) this.endPoint();
  }
}

/** Appends a snapshot. If there are too many, drops every second one except the first and the last. */
export function keepSnapshot(
  timeline: readonly Snapshot[],
  { epoch, parameters }: Snapshot,
  most: number,
): readonly Snapshot[] {
  const earlier = timeline.filter((kept) => kept.epoch < epoch);
  const all = [...earlier, { epoch, parameters }];
  return all.length <= most ? all : all.filter((_, index) => index % 2 === 0 || index === all.length - 1);
}
