/** Dispatches have at most so many workgroups in x; further ones are in y. */
export const MOST_IN_X = 32_768;

/** What a call wants to know of each sample besides loss and prediction. */
export const OUTPUTS = { none: 0, logits: 1, all: 2 } as const;

/** What is the same for all workgroups of the steps that are submitted together, in the order of their words. */
export const PLAN_FIELDS = [
  /** The steps of each network. */
  "steps",
  /** The samples of a step at most. */
  "width",
  /** The network of the first job. */
  "network",
  /** 1: images are float32 values. */
  "floats",
  /** Where labels begin behind the images, in words. */
  "labelsAt",
  /** Where the samples' images begin in the jobs, how placements are drawn, what is compared, the teacher's logits. */
  "samplesAt",
  "drawsAt",
  "lossAt",
  "teacherAt",
  /** Where the networks' coefficients begin in the scratch buffer. */
  "coefficientsAt",
  /** Where the outputs begin in the answers, how many a sample has, and which. */
  "outputsAt",
  "outputSize",
  "outputs",
] as const;

/** The declarations that all shaders begin with. */
export const PLAN_CODE = `
struct Plan { ${PLAN_FIELDS.map((name) => `${name}: u32`).join(", ")} }
@group(0) @binding(0) var<uniform> plan: Plan;
// Counted from the first step that was submitted with it.
@group(0) @binding(1) var<uniform> step: u32;
`;

/** How many workgroups a dispatch takes for so many in one dimension. */
export function dispatchExtents(workgroups: number): readonly [x: number, y: number] {
  return [Math.min(workgroups, MOST_IN_X), Math.ceil(workgroups / MOST_IN_X)];
}
