/** What the threads are asked to do with a batch. */
export const Job = { evaluate: 1, differentiate: 2, train: 3 } as const;
export type Job = (typeof Job)[keyof typeof Job];

/** How the batch's inputs are stored. */
export const Source = { plain: 0, placed: 1, floats: 2 } as const;
export type Source = (typeof Source)[keyof typeof Source];

/** Addresses of the words that describe a job: kind, samples and tiles of the batch, source; float32 scale, smoothing. */
export interface JobWords {
  readonly kind: number;
  readonly samples: number;
  readonly tiles: number;
  readonly source: number;
  readonly scale: number;
  readonly smoothing: number;
}
