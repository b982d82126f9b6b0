import type { Stretch } from "./protocol.js";

/** Pauses and resumes a training, and measures the time it runs. */
export class Gate {
  private stretch: Stretch | undefined;
  private open: (() => void) | undefined;
  private goingSince = 0;
  private milliseconds = 0;

  /** Seconds of training, without pauses. */
  get seconds(): number {
    const now = this.stretch ? performance.now() - this.goingSince : 0;
    return (this.milliseconds + now) / 1000;
  }

  /** Whether the training should pause now. */
  get restsNow(): boolean {
    return this.stretch === undefined;
  }

  /** Whether the training runs for one batch only. */
  get restsAfterBatch(): boolean {
    return this.stretch === "batch";
  }

  go(stretch: Stretch): void {
    if (!this.stretch) this.goingSince = performance.now();
    this.stretch = stretch;
    this.open?.();
    this.open = undefined;
  }

  /** Pauses the training at its next batch. */
  rest(): void {
    if (!this.stretch) return;
    this.milliseconds += performance.now() - this.goingSince;
    this.stretch = undefined;
  }

  /** Whether the training should pause now that a batch or, with it, an epoch has ended. */
  restsAfter(ended: "batch" | "epoch"): boolean {
    if (this.stretch === "batch" || this.stretch === ended) this.rest();
    return this.restsNow;
  }

  /** Resolves once the training may resume. */
  opened(): Promise<void> {
    if (this.stretch) return Promise.resolve();
    return new Promise((resolve) => {
      this.open = resolve;
    });
  }
}
