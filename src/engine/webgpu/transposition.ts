import { THREADS } from "./kernels/layerKernels.js";
import type { ParameterLayout } from "./parameters.js";
import { MOST_IN_X, PLAN_CODE } from "./plan.js";

/** A function that tells where parameter k lies among the transposed weights, or NOWHERE. */
export function transpositionFunction({ specs, offsets, transposedOffsets }: ParameterLayout): string {
  const branches = specs.flatMap(({ name, shape: [outputs, inputs] }) => {
    const transposed = transposedOffsets.get(name);
    if (transposed === undefined) return [];
    const first = offsets.get(name)!;
    return `if (k >= ${first}u && k < ${first + inputs * outputs}u) {
    let i = k - ${first}u;
    return ${transposed}u + i % ${inputs}u * ${outputs}u + i / ${inputs}u;
  }`;
  });
  return `
const NOWHERE = 0xffffffffu;

fn transposedPlace(k: u32) -> u32 {
  ${branches.join("\n  ")}
  return NOWHERE;
}
`;
}

/** Emits the shader that transposes the weights of linear layers; a thread has one parameter of one network. */
export function transpositionShader(parameters: ParameterLayout): string {
  return `
${PLAN_CODE}
@group(0) @binding(2) var<storage, read> parameters: array<f32>;
@group(0) @binding(3) var<storage, read_write> transposed: array<f32>;
${transpositionFunction(parameters)}
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let k = (group.y * ${MOST_IN_X}u + group.x) * ${THREADS}u + t;
  let network = plan.network + group.z;
  let place = transposedPlace(k);
  if (place == NOWHERE) { return; }
  transposed[network * ${parameters.transposedSize}u + place] = parameters[network * ${parameters.size}u + k];
}
`;
}
