import type { AugmentationDraw } from "../../data/augmentation.js";
import { PLACEMENT_WORDS } from "../../data/placement.js";
import { classCount } from "../../model/index.js";
import { dropoutKeys } from "../../numeric/dropoutDraw.js";
import type { LossSettings } from "../backend.js";
import { packDraw, SPREADS, spreadsOf } from "../placementDraws.js";
import { FLOAT_BYTES, TILE_SAMPLES } from "./kernels/index.js";
import { type Batch, Machine } from "./machine.js";
import { Job, Source } from "./program.js";

/** A machine whose program trains. */
export class TrainingMachine extends Machine {
  protected override readonly measuredJob = Job.differentiate;
  /** How placements were drawn last. */
  private draw: AugmentationDraw | undefined;

  /** Exchanges the parameters and their average. */
  swapAverage(): void {
    const [weights, averages] = [this.arena("weights")!, this.arena("averages")!];
    const kept = weights.slice();
    weights.set(averages);
    averages.set(kept);
  }

  /** Sets the numbers of the next training step, as `packHyperparameters` packs them. */
  setHyperparameters(hyperparameters: Float32Array): void {
    this.floats.set(hyperparameters, this.program.addresses.hyperparameters / FLOAT_BYTES);
  }

  /**
   * Sets what the next pass in training mode takes besides its batch.
   *
   * @param share of the batch in the running means and variances. Default: the layers' momentum.
   */
  prepareStep(seed: number, step: number, share?: number): void {
    const { addresses, stagePlan } = this.program;
    stagePlan.stages.forEach(({ layer: shaped }, index) => {
      const words = addresses.stepWords / 4 + index * 2;
      const { layer } = shaped;
      if (layer.type === "dropout") this.words.set(dropoutKeys(seed, step, this.layers.indexOf(shaped)), words);
      if (layer.type === "batchNorm") this.floats[words] = share ?? layer.momentum;
    });
  }

  protected override prepareLoss({ start, end }: Batch, { classWeights, distillation }: Partial<LossSettings>): void {
    const { job, labels, teacher, logitsTileBytes } = this.program.addresses;
    const { words, floats } = this;
    const count = end - start;
    words[job.weighted / 4] = classWeights || distillation ? 1 : 0;
    if (!words[job.weighted / 4]) return;
    const { temperature = 1, share = 0, logits } = distillation ?? {};
    const classes = classCount(this.layers);
    let total = 0;
    for (let sample = 0; sample < count; sample++) total += classWeights?.[words[labels / 4 + sample]] ?? 1;
    for (let index = 0; index < classes; index++) floats[job.classWeights / 4 + index] = classWeights?.[index] ?? 1;
    floats[job.labelShare / 4] = total > 0 ? (1 - share) * (count / total) : 0;
    floats[job.teacherShare / 4] = share * temperature * temperature;
    floats[job.inverseTemperature / 4] = 1 / temperature;
    for (let sample = 0; sample < Math.ceil(count / TILE_SAMPLES) * TILE_SAMPLES; sample++) {
      const tile = teacher + Math.floor(sample / TILE_SAMPLES) * logitsTileBytes;
      const lane = tile / FLOAT_BYTES + (sample % TILE_SAMPLES);
      for (let index = 0; index < classes; index++) {
        floats[lane + index * TILE_SAMPLES] = logits && sample < count ? logits[(start + sample) * classes + index] : 0;
      }
    }
  }

  protected override writePlacements(
    { indices, start, end }: Batch,
    placements: AugmentationDraw | Int32Array,
  ): Source {
    const { addresses } = this.program;
    if (placements instanceof Int32Array) {
      const some = placements.subarray(start * PLACEMENT_WORDS, end * PLACEMENT_WORDS);
      this.words.set(some, addresses.placements / 4);
      return Source.placed;
    }
    this.writeDraw(placements);
    const first = addresses.images / 4;
    for (let place = start; place < end; place++) this.words[first + place - start] = indices[place];
    return Source.drawn;
  }

  /** Writes how placements are drawn, unless that is how they were drawn last. */
  private writeDraw(draw: AugmentationDraw): void {
    if (draw === this.draw) return;
    const { words, spreads } = this.program.addresses.draw;
    packDraw(draw, this.model.input, new Uint32Array(this.words.buffer, words));
    new Float64Array(this.words.buffer, spreads, SPREADS.length).set(spreadsOf(draw, this.model.input));
    this.draw = draw;
  }
}
