import { elementCount, type Model, type ShapedLayer } from "../../model/index.js";
import { RECORD, recordWords } from "./jobs.js";
import { addTerms, THREADS } from "./kernels/layerKernels.js";
import { optimizerFunctions } from "./kernels/optimizer.js";
import { type Stage, stagesOf } from "./layers.js";
import { type MuonLayout, muonFunction, orthogonalizedAt } from "./muonShader.js";
import type { ParameterLayout } from "./parameters.js";
import { dispatchExtents, MOST_IN_X, PLAN_CODE } from "./plan.js";
import { layoutTrace, parameterCounts } from "./trace.js";
import { transpositionFunction } from "./transposition.js";

/** Samples whose traces are loaded together. */
const SAMPLES_AT_ONCE = 8;

/** The workgroups that it takes for all parameters of a network. */
export function updateExtents({ size }: ParameterLayout): readonly [x: number, y: number] {
  return dispatchExtents(Math.ceil(size / THREADS));
}

/**
 * Emits the shader that sums the gradient of each parameter over the batch, sample after sample, and either takes a step
 * of the optimizer with it (`update`) or writes it out (`differentiate`). Muon's step ends after its iterations
 * (`updateMatrices`). A thread has one parameter, or one
 * value of a buffer, of one network.
 *
 * @param scratchSize the values of a sample, which begin with its trace
 */
export function updateShader(
  model: Model,
  layers: readonly ShapedLayer[],
  parameters: ParameterLayout,
  scratchSize: number,
  muon: MuonLayout,
): string {
  const stages = stagesOf(model, layers, true);
  const trace = layoutTrace(stages);
  const sums = stages.flatMap((stage, index) => sumCode(stage, parameters, trace.offsets[index], scratchSize));
  return `
${PLAN_CODE}
@group(0) @binding(2) var<storage, read> jobs: array<u32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> firstMoments: array<f32>;
@group(0) @binding(5) var<storage, read_write> secondMoments: array<f32>;
@group(0) @binding(6) var<storage, read_write> averages: array<f32>;
@group(0) @binding(7) var<storage, read> scratch: array<f32>;
@group(0) @binding(8) var<storage, read_write> gradients: array<f32>;
@group(0) @binding(9) var<storage, read_write> transposed: array<f32>;
const TRACE = ${scratchSize}u;
${optimizerFunctions()}
${transpositionFunction(parameters)}
${muonFunction(muon, layers, parameters)}
// Buffers have no gradient.
fn isBuffer(k: u32) -> bool {
  return ${bufferRanges(parameters)};
}

// The gradient of parameter k; the traces of the samples begin at a place.
fn gradientSum(k: u32, first: u32, samples: u32) -> f32 {
  var sum = 0.0;
  var at = first;
  let end = first + samples * TRACE;
  ${sums.join(" else ")}
  return sum;
}

fn keep(k: u32, network: u32, weight: f32) {
  let place = transposedPlace(k);
  if (place != NOWHERE) { transposed[network * ${parameters.transposedSize}u + place] = weight; }
}

@compute @workgroup_size(${THREADS})
fn update(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let k = (group.y * ${MOST_IN_X}u + group.x) * ${THREADS}u + t;
  let record = (group.z * plan.steps + step) * ${recordWords(layers)}u;
  let samples = jobs[record + ${RECORD.samples}u];
  if (k >= ${parameters.size}u || samples == 0u) { return; }
  let hyperparameters = readHyperparameters(record + ${RECORD.hyperparameters}u);
  let network = plan.network + group.z;
  let at = network * ${parameters.size}u + k;
  if (!isBuffer(k)) {
    let sum = gradientSum(k, group.z * plan.width * TRACE, samples);
    let muon = muonAt(k, record);
    if (muon.place != NOWHERE) {
      gradients[network * ${muon.size}u + muon.place] = moveMomentum(at, sum, hyperparameters);
      return;
    }
    keep(k, network, optimize(at, sum, jobs[record + ${RECORD.optimizer}u], hyperparameters));
  }
  if (jobs[record + ${RECORD.averages}u] == 1u) { moveAverage(at, hyperparameters); }
}

@compute @workgroup_size(${THREADS})
fn updateMatrices(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let k = (group.y * ${MOST_IN_X}u + group.x) * ${THREADS}u + t;
  let record = (group.z * plan.steps + step) * ${recordWords(layers)}u;
  let muon = muonAt(k, record);
  if (muon.place == NOWHERE || jobs[record + ${RECORD.samples}u] == 0u) { return; }
  let h = readHyperparameters(record + ${RECORD.hyperparameters}u);
  let network = plan.network + group.z;
  let at = network * ${parameters.size}u + k;
  let orthogonal = gradients[network * ${muon.size}u + ${orthogonalizedAt(muon)}u + muon.place];
  let weight = parameters[at] * h.muonDecay - h.muonStepSize * muon.scale * orthogonal;
  parameters[at] = weight;
  keep(k, network, weight);
  if (jobs[record + ${RECORD.averages}u] == 1u) { moveAverage(at, h); }
}

@compute @workgroup_size(${THREADS})
fn differentiate(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let k = (group.y * ${MOST_IN_X}u + group.x) * ${THREADS}u + t;
  let samples = jobs[step * ${recordWords(layers)}u + ${RECORD.samples}u];
  if (k < ${parameters.size}u && !isBuffer(k)) { gradients[k] = gradientSum(k, 0u, samples); }
}
`;
}

function bufferRanges({ specs, offsets }: ParameterLayout): string {
  const ranges = specs.flatMap(({ name, shape, isBuffer }) => {
    const first = offsets.get(name)!;
    return isBuffer ? [`(k >= ${first}u && k < ${first + elementCount(shape)}u)`] : [];
  });
  return ranges.length === 0 ? "false" : ranges.join(" || ");
}

/** A branch for the weights and one for the biases of a stage. */
function sumCode(stage: Stage, parameters: ParameterLayout, traceOffset: number, scratchSize: number): string[] {
  const { shaped, kernels } = stage;
  if (!shaped || !kernels?.parameters) return [];
  const { weightGradient, biasGradient } = kernels.parameters;
  const { weights, biases } = parameterCounts(stage);
  const start = parameters.offsets.get(shaped.parameters[0].name)!;
  const branch = (first: number, count: number, gradient: typeof weightGradient) => {
    const loop = addTerms({
      index: "at",
      end: "end",
      step: scratchSize,
      atOnce: SAMPLES_AT_ONCE,
      loads: (at) => [gradient(shaped, (index) => `scratch[${at} + ${traceOffset}u + ${index}]`, "i")],
      add: (value) => `sum += ${value};`,
    });
    return `if (k < ${first + count}u) {
    let i = k - ${first}u;
    ${loop}
  }`;
  };
  return [branch(start, weights, weightGradient), branch(start + weights, biases, biasGradient)];
}
