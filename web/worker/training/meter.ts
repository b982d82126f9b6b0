import type { EpochSlice } from "../../../src/engine.js";
import type { Means, TrainingProgress } from "./protocol.js";

/** The interval between progress events. Drawing them takes page time that, on few cores, the threads would have. */
const MILLISECONDS = 125;

/** Sums batches into the progress events for the page. */
export class Meter {
  private readonly imagesPerEpoch: number;
  private readonly trainImages: number;
  private readonly totalImages: number;
  private readonly sums: readonly Sums[];
  private pass = "";
  private reportedAt = 0;

  constructor(networks: number, classes: number, trainImages: number, validationImages: number, epochs: number) {
    this.trainImages = trainImages;
    this.imagesPerEpoch = trainImages + validationImages;
    this.totalImages = this.imagesPerEpoch * epochs;
    this.sums = Array.from({ length: networks }, () => new Sums(classes));
  }

  /**
   * Adds a slice. Returns the progress when an interval has passed, a validation ends, or `now` is set.
   *
   * @param slices the slice of each network, by its index
   */
  add(slices: ReadonlyMap<number, EpochSlice>, seconds: number, now: boolean): TrainingProgress | undefined {
    const [{ epoch, phase, done, total }] = slices.values();
    const pass = `${phase} ${epoch}`;
    if (pass !== this.pass) this.clear();
    this.pass = pass;
    for (const [network, slice] of slices) this.sums[network].add(slice);
    const isValidated = phase === "validation" && done === total;
    if (!now && !isValidated && performance.now() - this.reportedAt < MILLISECONDS) return undefined;
    this.reportedAt = performance.now();
    const means = this.sums.map((sums) => sums.means(phase === "validation"));
    if (phase === "train") this.clear();
    const images = (epoch - 1) * this.imagesPerEpoch + (phase === "train" ? 0 : this.trainImages) + done;
    return { epoch, phase, done, total, images, totalImages: this.totalImages, seconds, means };
  }

  private clear(): void {
    for (const sums of this.sums) sums.clear();
  }
}

/** The batches of a network. */
class Sums {
  private readonly classes: number;
  private readonly confusion: Uint32Array;
  private losses = 0;
  private correct = 0;
  private count = 0;

  constructor(classes: number) {
    this.classes = classes;
    this.confusion = new Uint32Array(classes ** 2);
  }

  add({ phase, labels, results: { losses, predictions } }: EpochSlice): void {
    for (let sample = 0; sample < labels.length; sample++) {
      this.losses += losses[sample];
      if (predictions[sample] === labels[sample]) this.correct++;
      if (phase === "validation") this.confusion[labels[sample] * this.classes + predictions[sample]]++;
    }
    this.count += labels.length;
  }

  /** Undefined without batches. */
  means(isValidation: boolean): Means | undefined {
    const { count, confusion } = this;
    if (count === 0) return undefined;
    const means = { loss: this.losses / count, accuracy: this.correct / count, samples: count };
    return isValidation ? { ...means, confusion } : means;
  }

  clear(): void {
    this.losses = 0;
    this.correct = 0;
    this.count = 0;
    this.confusion.fill(0);
  }
}
