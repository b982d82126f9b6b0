import type { Stretch } from "./protocol.js";

/** Lets a training go on or rest, and keeps the time that it is not at rest. */
export class Gate {
  private stretch: Stretch | undefined;
  private open: (() => void) | undefined;
  private goingSince = 0;
  private milliseconds = 0;

  /** Seconds that the training has gone. */
  get seconds(): number {
    const now = this.stretch ? performance.now() - this.goingSince : 0;
    return (this.milliseconds + now) / 1000;
  }

  /** Whether the training is to rest where it is. */
  get restsNow(): boolean {
    return this.stretch === undefined;
  }

  /** Whether the training goes for one batch only. */
  get restsAfterBatch(): boolean {
    return this.stretch === "batch";
  }

  go(stretch: Stretch): void {
    if (!this.stretch) this.goingSince = performance.now();
    this.stretch = stretch;
    this.open?.();
    this.open = undefined;
  }

  /** Has the training rest at its next batch. */
  rest(): void {
    if (!this.stretch) return;
    this.milliseconds += performance.now() - this.goingSince;
    this.stretch = undefined;
  }

  /** Whether the training is to rest now, that a batch, or with it an epoch, has ended. */
  restsAfter(ended: "batch" | "epoch"): boolean {
    if (this.stretch === "batch" || this.stretch === ended) this.rest();
    return this.restsNow;
  }

  /** Fulfilled once the training may go on. */
  opened(): Promise<void> {
    if (this.stretch) return Promise.resolve();
    return new Promise((resolve) => {
      this.open = resolve;
    });
  }
}
