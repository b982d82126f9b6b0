/** x = (byte / 255 − mean) / deviation: one of each a channel, or one for all, as in torchvision's Normalize. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}
