import { type Augmentation, type AugmentationDraw, drawPlacements, drawsMore } from "../data/augmentation.js";
import type { Dataset } from "../data/dataset.js";
import { PLACEMENT, PLACEMENT_WORDS } from "../data/placement.js";
import type { Backend, Engine, LoadedImages } from "../engine/backend.js";
import { classCount, inferShapes, type Weights } from "../model/index.js";

/** What a student learns from besides the labels, as plain data. */
export type TeacherSource =
  /** Networks whose logits are averaged. */
  | { readonly networks: readonly Weights[] }
  /**
   * The logits for each image of the data set, however it is transformed: float32 [images, classes]. Without `classes`,
   * there are as many as in the data set.
   */
  | { readonly logits: Float32Array; readonly classes?: number };

/** What a student learns from, ready to answer. */
export interface Teacher {
  /** The logits for images of the data set, transformed as an epoch draws it: float32 [indices, classes]. */
  logits(indices: Uint32Array, draw: AugmentationDraw | undefined): Promise<Float32Array>;
  /** What it has computed so far, if it remembers its answers. */
  readonly table?: TeacherTable;
  /** Ends its threads and frees its memory. */
  dispose(): void;
}

/**
 * A teacher's logits for every image in every variant that the augmentation can draw: float32 [variants, images,
 * classes], NaN where they are not known yet.
 */
export type TeacherTable = Float32Array;

/** A table is kept if it takes at most half a gigabyte. */
export const MOST_TABLE_BYTES = 2 ** 29;

/** Samples in a batch, and in the groups of samples that the processor computes at once. */
const BATCH_SIZE = 64;
const GROUP = 8;

/**
 * Makes a teacher ready. If the augmentation draws only crops and flips, it remembers its answers, so every image is
 * computed once in each variant, however many epochs there are.
 *
 * @param table answers of an earlier teacher of the same networks, arithmetic, images and augmentation; it is used
 *   further
 * @throws RangeError if the teacher does not fit the data set
 */
export async function openTeacher(
  source: TeacherSource,
  dataset: Dataset,
  augmentation: Augmentation,
  backend: Backend,
  table?: TeacherTable,
): Promise<Teacher> {
  if ("logits" in source) return givenLogits(source, dataset);
  const { networks } = source;
  if (networks.length === 0) throw new RangeError("there is no teacher");
  for (const network of networks) requireSuitable(network, dataset);
  const engines = await Promise.all(
    networks.map(({ model, normalization }) => backend.compile([{ model, normalization }], { batchSize: BATCH_SIZE })),
  );
  const images = await Promise.all(engines.map((engine) => engine.load({ pixels: dataset.images })));
  for (const [index, { parameters }] of networks.entries()) await engines[index].setParameters(parameters);
  const bytes = tableBytes(dataset, augmentation);
  const known = table?.byteLength === bytes ? table : undefined;
  const kept = bytes > MOST_TABLE_BYTES ? undefined : (known ?? new Float32Array(bytes / 4).fill(Number.NaN));
  return new NetworkTeacher(engines, images, dataset, augmentation, kept);
}

/** The bytes of a table; infinite if the variants cannot be counted. */
export function tableBytes(
  { labels, classes }: Pick<Dataset, "labels" | "classes">,
  augmentation: Augmentation,
): number {
  return variantCount(augmentation) * labels.length * classes.length * 4;
}

/** @throws RangeError if the network does not take the data set's images, or has other classes */
function requireSuitable({ model, metadata }: Weights, dataset: Dataset): void {
  const { channels, height, width, classes, name } = dataset;
  const { input } = model;
  if (input.channels !== channels || input.height !== height || input.width !== width) {
    throw new RangeError(
      `the teacher takes images of ${input.channels}x${input.height}x${input.width}, but those of ${name} are ${channels}x${height}x${width}`,
    );
  }
  const own = classCount(inferShapes(model));
  if (own !== classes.length) throw new RangeError(`the teacher has ${own} classes, but ${name} has ${classes.length}`);
  const other = metadata?.classes?.findIndex((label, index) => label !== classes[index]) ?? -1;
  if (other >= 0) {
    throw new RangeError(
      `class ${other} is "${classes[other]}" in ${name}, but "${metadata!.classes![other]}" in the teacher`,
    );
  }
}

function givenLogits(
  { logits, classes: own }: Extract<TeacherSource, { logits: Float32Array }>,
  { labels, classes, name }: Dataset,
): Teacher {
  const size = classes.length;
  if (own !== undefined && own !== size) {
    throw new RangeError(`the soft labels have ${own} classes, but ${name} has ${size}`);
  }
  if (logits.length !== labels.length * size) {
    throw new RangeError(
      `there are ${logits.length} soft labels, but ${labels.length} images of ${name} and ${size} classes need ${labels.length * size}`,
    );
  }
  return {
    logits: async (indices) => gathered(logits, indices, size),
    dispose: () => {},
  };
}

function gathered(table: Float32Array, rows: ArrayLike<number>, size: number): Float32Array {
  const result = new Float32Array(rows.length * size);
  for (let place = 0; place < rows.length; place++) {
    for (let index = 0; index < size; index++) result[place * size + index] = table[rows[place] * size + index];
  }
  return result;
}

/** The ways in which an augmentation can transform an image, if it draws only crops and flips; else infinitely many. */
function variantCount(augmentation: Augmentation): number {
  const { cropPadding, flip, degrees } = augmentation;
  if (degrees > 0 || drawsMore(augmentation)) return Number.POSITIVE_INFINITY;
  return (2 * cropPadding + 1) ** 2 * (flip > 0 ? 2 : 1);
}

/** The index of a placement among an augmentation's variants. */
function variantOf({ cropPadding }: Augmentation, placements: Int32Array, sample: number): number {
  const side = 2 * cropPadding + 1;
  const word = (name: "cropDown" | "cropRight" | "flip") => placements[sample * PLACEMENT_WORDS + PLACEMENT[name]];
  return (word("flip") * side + word("cropDown") + cropPadding) * side + word("cropRight") + cropPadding;
}

/** Networks that compute their logits, and remember them if there is a table. */
class NetworkTeacher implements Teacher {
  readonly table: TeacherTable | undefined;
  private readonly engines: readonly Engine[];
  private readonly images: readonly LoadedImages[];
  private readonly dataset: Dataset;
  private readonly augmentation: Augmentation;

  constructor(
    engines: readonly Engine[],
    images: readonly LoadedImages[],
    dataset: Dataset,
    augmentation: Augmentation,
    table: TeacherTable | undefined,
  ) {
    this.engines = engines;
    this.images = images;
    this.dataset = dataset;
    this.augmentation = augmentation;
    this.table = table;
  }

  async logits(indices: Uint32Array, draw: AugmentationDraw | undefined): Promise<Float32Array> {
    const placements = new Int32Array(draw ? indices.length * PLACEMENT_WORDS : 0);
    if (draw) drawPlacements(draw, this.dataset, indices, 0, indices.length, placements);
    const everyone = Array.from(indices.keys());
    const { table, dataset } = this;
    if (!table) return this.compute(indices, draw && placements, everyone);
    const size = dataset.classes.length;
    const rows = everyone.map((sample) => {
      const variant = draw ? variantOf(this.augmentation, placements, sample) : 0;
      return variant * dataset.labels.length + indices[sample];
    });
    const unknown = new Map<number, number>();
    rows.forEach((row, sample) => {
      if (Number.isNaN(table[row * size])) unknown.set(row, sample);
    });
    if (unknown.size > 0) {
      const computed = await this.compute(indices, draw && placements, [...unknown.values()]);
      [...unknown.keys()].forEach((row, place) => {
        table.set(computed.subarray(place * size, (place + 1) * size), row * size);
      });
    }
    return gathered(table, rows, size);
  }

  dispose(): void {
    for (const engine of this.engines) engine.dispose();
  }

  /** The mean of the networks' logits for some of the samples. */
  private async compute(
    indices: Uint32Array,
    placements: Int32Array | undefined,
    samples: readonly number[],
  ): Promise<Float32Array> {
    // In whole groups: fewer samples are computed one by one, with other bits.
    const filled = Math.ceil(samples.length / GROUP) * GROUP;
    const padded = Array.from({ length: filled }, (_, place) => samples[Math.min(place, samples.length - 1)]);
    const selection = {
      indices: padded.map((sample) => indices[sample]),
      placements: placements && gatheredWords(placements, padded),
    };
    const mean = new Float32Array(samples.length * this.dataset.classes.length);
    for (const [index, engine] of this.engines.entries()) {
      const { data } = await engine.predict(this.images[index], selection);
      for (let place = 0; place < mean.length; place++) mean[place] += data[place] / this.engines.length;
    }
    return mean;
  }
}

function gatheredWords(placements: Int32Array, samples: readonly number[]): Int32Array {
  const words = new Int32Array(samples.length * PLACEMENT_WORDS);
  samples.forEach((sample, place) => {
    words.set(placements.subarray(sample * PLACEMENT_WORDS, (sample + 1) * PLACEMENT_WORDS), place * PLACEMENT_WORDS);
  });
  return words;
}
