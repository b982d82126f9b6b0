import type { Model, ShapedLayer } from "../../model/index.js";
import { RECORD, recordWords } from "./jobs.js";
import { addTerms, type JoinCode, THREADS } from "./kernels/layerKernels.js";
import { stagesOf } from "./layers.js";
import type { ParameterLayout } from "./parameters.js";
import { PLAN_CODE } from "./plan.js";
import { layoutCoefficients, layoutTrace } from "./trace.js";

/** Samples whose traces are loaded together. */
const SAMPLES_AT_ONCE = 8;

/** A meeting of a batch's samples at a stage, forward or on the way back. */
export interface Join {
  readonly stage: number;
  readonly way: "forward" | "backward";
}

/** The entry point of a join. */
export function joinName({ stage, way }: Join): string {
  return `${way}${stage}`;
}

/** The workgroups that a join takes. */
export function joinExtents({ stage }: Join, model: Model, layers: readonly ShapedLayer[]): readonly [number, number] {
  const [channels] = stagesOf(model, layers, true)[stage].shaped!.input;
  return [Math.ceil(channels / THREADS), 1];
}

/**
 * Emits the shader with all joins of a model: each makes of the traces of a batch what its samples go on with. A thread
 * has one channel of one network, and takes the samples in their order.
 *
 * @param scratchSize the values of a sample, which begin with its trace
 */
export function joinShader(
  model: Model,
  layers: readonly ShapedLayer[],
  parameters: ParameterLayout,
  scratchSize: number,
): string {
  const stages = stagesOf(model, layers, true);
  const trace = layoutTrace(stages);
  const coefficients = layoutCoefficients(stages);
  const joins = stages.flatMap(({ shaped, kernels }, stage) => {
    if (!shaped || !kernels?.overBatch) return [];
    const { joinForward, joinBackward } = kernels.overBatch;
    const code: JoinCode = {
      layer: shaped.layer,
      input: shaped.input,
      output: shaped.output,
      eachSample: (indices, add) => {
        const loop = addTerms({
          index: "at",
          end: "end",
          step: scratchSize,
          atOnce: SAMPLES_AT_ONCE,
          loads: (at) => indices.map((index) => `scratch[${at} + ${index}]`),
          add,
        });
        return `{
    var at = first + ${trace.offsets[stage]}u;
    let end = at + samples * ${scratchSize}u;
    ${loop}
  }`;
      },
      coefficient: (index) => `scratch[coefficients + ${coefficients.offsets[stage]}u + ${index}]`,
      tensor: (place) => (index) =>
        `parameters[network * ${parameters.size}u + ${parameters.offsets.get(shaped.parameters[place].name)}u + ${index}]`,
    };
    const entry = (way: Join["way"], body: string) => `
@compute @workgroup_size(${THREADS})
fn ${joinName({ stage, way })}(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let channel = group.x * ${THREADS}u + t;
  let record = (group.z * plan.steps + step) * ${recordWords(layers)}u;
  let samples = jobs[record + ${RECORD.samples}u];
  if (channel >= ${shaped.input[0]}u || samples == 0u) { return; }
  let measures = jobs[record + ${RECORD.measures}u] == 1u;
  let given = bitcast<f32>(jobs[record + ${RECORD.share}u]);
  let network = plan.network + group.z;
  let first = group.z * plan.width * ${scratchSize}u;
  let coefficients = plan.coefficientsAt + group.z * ${coefficients.size}u;
  ${body}
}`;
    return [entry("forward", joinForward(code)), entry("backward", joinBackward(code))];
  });
  return `
${PLAN_CODE}
@group(0) @binding(2) var<storage, read> jobs: array<u32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> scratch: array<f32>;
${joins.join("\n")}
`;
}
