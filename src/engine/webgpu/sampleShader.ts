import { classCount, elementCount, type Model, type ParameterSpec, type ShapedLayer } from "../../model/index.js";
import { dropoutLayers, RECORD, recordWords } from "./jobs.js";
import type { Join } from "./joinShader.js";
import { ACTIVATION_FUNCTIONS, ACTIVATIONS } from "./kernels/activation.js";
import { evaluated } from "./kernels/batchNorm.js";
import { LOSS, type LossCode, lossCode, lossGradientCode, lossWords } from "./kernels/crossEntropy.js";
import { DROPOUT_FUNCTIONS, DROPOUT_WORDS } from "./kernels/dropout.js";
import { inputFunctions } from "./kernels/inputs.js";
import { type Element, eachIndex, type LayerCode, THREADS } from "./kernels/layerKernels.js";
import { RBF_FUNCTION } from "./kernels/rbf.js";
import { type Stage, stagesOf } from "./layers.js";
import type { ParameterLayout } from "./parameters.js";
import { MOST_IN_X, OUTPUTS, PLAN_CODE } from "./plan.js";
import { layoutCoefficients, layoutTrace, type StageLayout } from "./trace.js";
import { firstLearning, planValues, type ValuePlan } from "./values.js";

/** The shaders that compute a sample: forward and loss, and in training back again. */
export interface SampleShaders {
  /** One, unless batch normalisation lets the samples of a batch meet on the way. */
  readonly segments: readonly Segment[];
  /** Values of the scratch buffer for each sample: its trace, and its activations unless the workgroup holds them. */
  readonly scratchSize: number;
  /** Values of the scratch buffer for each network, behind those of all samples: its coefficients. */
  readonly coefficientSize: number;
}

/** A shader, and the join that follows it. */
export interface Segment {
  readonly code: string;
  readonly join?: Join;
}

/** Code with a barrier between it and the next; or a join, behind which another shader goes on. */
type Phase = string | Join;

/** What the shader of a model depends on. */
export interface ShaderOptions {
  readonly model: Model;
  readonly layers: readonly ShapedLayer[];
  readonly parameters: ParameterLayout;
  readonly training: boolean;
  /** The float32 values that the memory of a workgroup holds. */
  readonly workgroupFloats: number;
}

/**
 * Emits the shaders of a model. If the values of a sample fit the memory of a workgroup and one shader computes it all, they
 * are there, otherwise in the scratch buffer; the code is the same.
 */
export function sampleShaders(options: ShaderOptions): SampleShaders {
  return new SampleEmitter(options).shaders();
}

/** How memory can be saved, so that a sample fits a workgroup: from the fastest to the smallest. */
const MEMORY_CHOICES = [
  { rereadsImage: false, sharesSums: true },
  { rereadsImage: true, sharesSums: true },
  { rereadsImage: true, sharesSums: false },
];

class SampleEmitter {
  private readonly scratchSize: number;
  private readonly options: ShaderOptions;
  private readonly stages: readonly Stage[];
  private readonly trace: StageLayout;
  private readonly coefficients: StageLayout;
  private readonly traceSize: number;
  private readonly plan: ValuePlan;
  /** Whether the values are in the memory of the workgroup. */
  private readonly shared: boolean;
  private readonly dropouts: readonly number[];

  constructor(options: ShaderOptions) {
    const { model, layers, training, workgroupFloats } = options;
    this.options = options;
    this.stages = stagesOf(model, layers, training);
    this.trace = layoutTrace(this.stages);
    this.coefficients = layoutCoefficients(this.stages);
    this.traceSize = training ? this.trace.size : 0;
    this.dropouts = dropoutLayers(layers);
    // What is in a workgroup's memory is lost when its samples meet others.
    const memory = this.coefficients.size > 0 ? 0 : workgroupFloats;
    const plans = MEMORY_CHOICES.map((choice) => planValues(this.stages, training, choice));
    this.plan = plans.find(({ size }) => size <= memory) ?? plans[0];
    this.shared = this.plan.size <= memory;
    this.scratchSize = this.traceSize + (this.shared ? 0 : this.plan.size);
  }

  shaders(): SampleShaders {
    const { scratchSize, coefficients } = this;
    const segments: Segment[] = [];
    let phases: string[] = [];
    for (const phase of [...this.forwardPhases(), ...(this.options.training ? this.backwardPhases() : [])]) {
      if (typeof phase === "string") phases.push(phase);
      else {
        segments.push({ code: this.shader(phases), join: phase });
        phases = [];
      }
    }
    segments.push({ code: this.shader(phases) });
    return { segments, scratchSize, coefficientSize: coefficients.size };
  }

  private shader(phases: readonly string[]): string {
    const { model, layers, parameters, training } = this.options;
    const dropouts = training ? this.dropouts : [];
    const barrier = `${this.shared ? "" : "storageBarrier(); "}workgroupBarrier();`;
    return `
${PLAN_CODE}
@group(0) @binding(2) var<storage, read> images: array<u32>;
@group(0) @binding(3) var<storage, read> table: array<f32>;
@group(0) @binding(4) var<storage, read> jobs: array<u32>;
@group(0) @binding(5) var<storage, read> parameters: array<f32>;
@group(0) @binding(6) var<storage, read_write> scratch: array<f32>;
@group(0) @binding(7) var<storage, read_write> answers: array<f32>;
@group(0) @binding(8) var<storage, read> transposed: array<f32>;
@group(0) @binding(9) var<storage, read> placements: array<i32>;
const THREADS = ${THREADS}u;
${this.shared ? `var<workgroup> values: array<f32, ${this.plan.size}>;` : ""}
${inputFunctions(model.input)}
${ACTIVATION_FUNCTIONS}
${DROPOUT_FUNCTIONS}
${layers.some(({ layer }) => layer.type === "rbf") ? RBF_FUNCTION : ""}
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let n = group.y * ${MOST_IN_X}u + group.x;
  let job = group.z * plan.steps + step;
  let record = job * ${recordWords(layers)}u;
  if (n >= jobs[record + ${RECORD.samples}u]) { return; }
  let sample = job * plan.width + n;
  let image = jobs[plan.samplesAt + sample];
  let label = images[plan.labelsAt + image];
  let placement = readPlacement(sample, jobs[record + ${RECORD.placed}u] == 1u);
  let scale = bitcast<f32>(jobs[record + ${RECORD.scale}u]);
  let labelShare = bitcast<f32>(jobs[record + ${RECORD.labelShare}u]);
  let lossAt = plan.lossAt + group.z * ${lossWords(classCount(layers))}u;
  let smoothing = bitcast<f32>(jobs[lossAt + ${LOSS.smoothing}u]);
  let teacherShare = bitcast<f32>(jobs[lossAt + ${LOSS.teacherShare}u]);
  let rubbishLogit = bitcast<f32>(jobs[lossAt + ${LOSS.rubbishLogit}u]);
  let inverseTemperature = bitcast<f32>(jobs[lossAt + ${LOSS.inverseTemperature}u]);
  let network = plan.network + group.z;
  let tableAt = network * ${model.input.channels * 256}u;
  let parametersAt = network * ${parameters.size}u;
  let transposedAt = network * ${parameters.transposedSize}u;
  let outputsAt = plan.outputsAt + sample * plan.outputSize;
  let traceAt = (group.z * plan.width + n) * ${this.scratchSize}u;
  let valuesAt = traceAt + ${this.traceSize}u;
  let coefficientsAt = plan.coefficientsAt + group.z * ${this.coefficients.size}u;
  ${dropouts.map((_, place) => `let dropout${place} = readDropout(record + ${RECORD.dropout + place * DROPOUT_WORDS}u);`).join("\n  ")}
  ${phases.join(`\n  ${barrier}\n`)}
}
`;
  }

  private forwardPhases(): Phase[] {
    const { stages } = this;
    const loss = this.lossCode();
    const showLogits = `if (plan.outputs == ${OUTPUTS.logits}u) {
      ${eachIndex(loss.classes, "i", `answers[outputsAt + i] = ${loss.logit("i")};`)}
    }`;
    return [
      this.readImage(this.plan.outputs[0]),
      ...stages.slice(1).flatMap(({ kernels }, index): Phase[] => {
        const stage = index + 1;
        const code = { ...this.layerCode(stage), parts: this.parts(this.plan.forwardParts, stage) };
        const forward = kernels!.forward(code);
        const { overBatch } = kernels!;
        return overBatch ? [...overBatch.measure(code), { stage, way: "forward" }, ...forward] : [...forward];
      }),
      `${lossCode(loss)}
      ${this.options.training ? "" : showLogits}`,
    ];
  }

  private backwardPhases(): Phase[] {
    const { stages } = this;
    const { image } = this.plan;
    const first = firstLearning(stages);
    if (first === stages.length) return [];
    const last = stages.length - 1;
    const phases: Phase[] = [
      lossGradientCode(this.lossCode(), (index, value) => this.storeGradient(last, index, value)),
    ];
    for (let stage = last; stage >= first; stage--) {
      const { kernels } = stages[stage];
      const rereads = stage === 1 && image !== undefined;
      if (rereads) phases.push(this.readImage(image));
      const code = this.layerCode(stage, rereads ? image : undefined);
      const traced = { ...code, parts: this.parts(this.plan.traceParts, stage) };
      const traces = kernels?.parameters?.trace(traced) ?? [];
      const gradient = { ...code, parts: this.parts(this.plan.gradientParts, stage) };
      const gradients = stage > first ? kernels!.inputGradient(gradient) : [];
      if (kernels!.overBatch && gradients.length > 0) phases.push(...traces, { stage, way: "backward" }, ...gradients);
      else phases.push(...sideBySide(traces, gradients));
    }
    return phases;
  }

  /** What the code of a stage's layer reads and writes. */
  private layerCode(stage: number, inputAt = this.plan.outputs[stage - 1]): LayerCode {
    const { shaped } = this.stages[stage];
    const { layer, input, output } = shaped!;
    return {
      layer,
      input,
      output,
      x: this.values(inputAt),
      dy: this.values(this.plan.gradients[stage]),
      weight: this.parameter(stage, 0),
      transposed: this.transposed(stage),
      bias: this.parameter(stage, 1),
      kept: this.parts(this.plan.layerKept, stage),
      spread: this.values(this.plan.spreads.get(stage) ?? 0),
      trace: (index) => `scratch[traceAt + ${this.trace.offsets[stage]}u + (${index})]`,
      coefficient: (index) => `scratch[coefficientsAt + ${this.coefficients.offsets[stage]}u + (${index})]`,
      storeOutput: (index, value) => this.storeOutput(stage, this.plan.outputs[stage], index, value),
      applyInside: (index, variable) => this.applyInside(stage, index, variable),
      storeInputGradient: (index, value) => this.storeGradient(stage - 1, index, value),
    };
  }

  /** The array that lies at an offset of a sample's values. */
  private values(offset: number): Element {
    return this.shared
      ? (index) => `values[${offset}u + (${index})]`
      : (index) => `scratch[valuesAt + ${offset}u + (${index})]`;
  }

  private lossCode(): LossCode {
    const last = this.stages.length - 1;
    const classes = this.stages[last].size;
    return {
      classes,
      logit: this.values(this.plan.outputs[last]),
      classWeight: (index) => `bitcast<f32>(jobs[lossAt + ${LOSS.classWeights}u + ${index}])`,
      teacher: (index) => `bitcast<f32>(jobs[plan.teacherAt + sample * ${classes}u + ${index}])`,
      answer: (index) => `answers[sample * 2u + ${index}]`,
    };
  }

  private parameter(stage: number, place: number): Element {
    return this.tensor(this.stages[stage].shaped?.parameters[place]);
  }

  private tensor(spec: ParameterSpec | undefined): Element {
    const offset = spec ? this.options.parameters.offsets.get(spec.name) : 0;
    return (index) => `parameters[parametersAt + ${offset}u + (${index})]`;
  }

  private transposed(stage: number): Element {
    const name = this.stages[stage].shaped?.parameters[0]?.name ?? "";
    const offset = this.options.parameters.transposedOffsets.get(name) ?? 0;
    return (index) => `transposed[transposedAt + ${offset}u + (${index})]`;
  }

  private parts(offsets: ReadonlyMap<number, number>, stage: number): Element | undefined {
    const offset = offsets.get(stage);
    return offset === undefined ? undefined : this.values(offset);
  }

  private readImage(target: number): string {
    const { size } = this.stages[0];
    return eachIndex(size, "i", this.storeOutput(0, target, "i", "inputAt(image, i, placement, tableAt)"));
  }

  /** Takes an output of a stage's layer through the elementwise steps behind it and stores it. */
  private storeOutput(stage: number, target: number, index: string, value: string): string {
    const { steps, index: layer } = this.stages[stage];
    const code = steps.map((step) => `${this.applied(stage, step)} ${this.show(step.index)}`);
    return `{
      let element = ${index};
      var output = ${value};
      ${this.show(layer)}
      ${code.join("\n      ")}
      ${this.values(target)("element")} = output;
    }`;
  }

  /** Takes a variable through what is inside of a stage, between its layer and the pooling. */
  private applyInside(stage: number, index: string, variable: string): string {
    const { index: layer, steps } = this.stages[stage].inside!;
    const code = steps.map((step) => `${this.applied(stage, step)} ${this.show(step.index)}`).join("\n      ");
    const shown = this.show(layer);
    return `{
      let element = ${index};
      var output = ${variable};
      ${shown}
      ${code}
      ${variable} = output;
    }`;
  }

  private applied(stage: number, { layer, index }: Stage["steps"][number]): string {
    if (layer.type === "flatten") return "";
    if (layer.type === "batchNorm") {
      const { input, parameters } = this.options.layers[index];
      return evaluated({ layer, input }, (place) => this.tensor(parameters[place]));
    }
    if (layer.type === "dropout") {
      return this.options.training ? `output = ${this.dropped(stage, index, "output")};` : "";
    }
    const kept = this.plan.kept.get(index);
    const keep = kept === undefined ? "" : `${this.values(kept)("element")} = output;`;
    return `${keep} output = ${ACTIVATIONS[layer.type].value("output")};`;
  }

  /** Takes the gradient by what a stage stored back through its elementwise steps and stores it. */
  private storeGradient(stage: number, index: string, value: string): string {
    const { steps, inside } = this.stages[stage];
    const code = [...(inside?.steps ?? []), ...steps].reverse().map(({ layer, index }) => {
      // Batch normalisation is no step in training.
      if (layer.type === "flatten" || layer.type === "batchNorm") return "";
      if (layer.type === "dropout") {
        return `slope = ${this.dropped(stage, index, "slope")}; output *= ${this.dropout(index)}.unscale;`;
      }
      const kept = this.plan.kept.get(index);
      const before = kept === undefined ? "" : `output = ${this.values(kept)("element")};`;
      return `slope *= ${ACTIVATIONS[layer.type].derivative("output")}; ${before}`;
    });
    return `{
      let element = ${index};
      var slope = ${value};
      var output = ${this.values(this.plan.outputs[stage])("element")};
      ${code.join("\n      ")}
      ${this.values(this.plan.gradients[stage])("element")} = slope;
    }`;
  }

  private dropped(stage: number, layer: number, value: string): string {
    return `dropped(${this.dropout(layer)}, n * ${this.stages[stage].size}u + element, ${value})`;
  }

  private dropout(layer: number): string {
    return `dropout${this.dropouts.indexOf(layer)}`;
  }

  /** Shows the output of a layer where all are asked for; the image is none. */
  private show(layer: number): string {
    const { layers, training } = this.options;
    if (training || layer < 0) return "";
    const offset = layers.slice(0, layer).reduce((sum, { output }) => sum + elementCount(output), 0);
    return `if (plan.outputs == ${OUTPUTS.all}u) { answers[outputsAt + ${offset}u + element] = output; }`;
  }
}

/**
 * Phases of a layer's trace and of its gradient by the input, as many as possible at the same time: only the last phase of
 * the gradient may replace the input, which the first phase of the trace reads.
 */
function sideBySide(traces: readonly string[], gradients: readonly string[]): string[] {
  const delay = traces.length > 0 && gradients.length === 1 ? 1 : 0;
  const count = Math.max(traces.length, gradients.length === 0 ? 0 : gradients.length + delay);
  return Array.from({ length: count }, (_, phase) =>
    [traces[phase], gradients[phase - delay]].filter(Boolean).join("\n"),
  );
}
