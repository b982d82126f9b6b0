import type { EpochSlice } from "../../../src/engine.js";
import type { TrainingProgress } from "./protocol.js";

/** The interval between progress events. Drawing them takes page time that, on few cores, the threads would have. */
const MILLISECONDS = 125;

/** Sums batches into the progress events for the page. */
export class Meter {
  private readonly classes: number;
  private readonly imagesPerEpoch: number;
  private readonly trainImages: number;
  private readonly totalImages: number;
  private reportedAt = 0;
  private losses = 0;
  private correct = 0;
  private count = 0;
  private readonly confusion: Uint32Array;

  constructor(classes: number, trainImages: number, validationImages: number, epochs: number) {
    this.classes = classes;
    this.trainImages = trainImages;
    this.imagesPerEpoch = trainImages + validationImages;
    this.totalImages = this.imagesPerEpoch * epochs;
    this.confusion = new Uint32Array(classes ** 2);
  }

  /** Adds a batch. Returns the progress when an interval has passed, a validation ends, or `now` is set. */
  add(
    { epoch, phase, done, total, labels, results }: EpochSlice,
    seconds: number,
    now: boolean,
  ): TrainingProgress | undefined {
    if (done === labels.length) this.beginPass();
    const { losses, predictions } = results;
    for (let sample = 0; sample < labels.length; sample++) {
      this.losses += losses[sample];
      if (predictions[sample] === labels[sample]) this.correct++;
      if (phase === "validation") this.confusion[labels[sample] * this.classes + predictions[sample]]++;
    }
    this.count += labels.length;
    const isValidated = phase === "validation" && done === total;
    if (!now && !isValidated && performance.now() - this.reportedAt < MILLISECONDS) return undefined;
    this.reportedAt = performance.now();
    const loss = this.losses / this.count;
    const accuracy = this.correct / this.count;
    const samples = this.count;
    if (phase === "train") this.beginPass();
    const images = (epoch - 1) * this.imagesPerEpoch + (phase === "train" ? 0 : this.trainImages) + done;
    const { totalImages } = this;
    const confusion = phase === "validation" ? { confusion: this.confusion } : {};
    return { epoch, phase, done, total, loss, accuracy, samples, images, totalImages, seconds, ...confusion };
  }

  private beginPass(): void {
    this.losses = 0;
    this.correct = 0;
    this.count = 0;
    this.confusion.fill(0);
  }
}
