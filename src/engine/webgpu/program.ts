import { PLACEMENT_WORDS } from "../../data/placement.js";
import { elementCount, type Model, type ShapedLayer } from "../../model/index.js";
import type { BufferPart, Device } from "./device.js";
import { type Job, packJobs, recordWords, teacherWords } from "./jobs.js";
import { joinExtents, joinName, joinShader } from "./joinShader.js";
import { THREADS } from "./kernels/layerKernels.js";
import { type MuonLayout, muonDispatches, muonShader } from "./muonShader.js";
import type { ParameterLayout } from "./parameters.js";
import { placementShader } from "./placementShader.js";
import { dispatchExtents, OUTPUTS, PLAN_FIELDS } from "./plan.js";
import { type SampleShaders, sampleShaders } from "./sampleShader.js";
import { transpositionShader } from "./transposition.js";
import { updateExtents, updateShader } from "./updateShader.js";

const WORD_BYTES = 4;
/** Distance of two steps' uniforms; every card can bind at it. */
const STEP_BYTES = 256;
/** Steps that are submitted together at most, and the words that their jobs and answers may take. */
const MOST_STEPS = 1024;
const MOST_WORDS = 2 ** 22;
/** Milliseconds that a submission should take: some systems reset a card that is busy for seconds. */
const SUBMISSION = { least: 50, most: 200 };
/** Submissions that are under way at once, so that the card need not wait for the host. */
const SUBMISSIONS = 2;
/** Samples of an evaluation that are computed at once if they need no memory of their own. */
const EVALUATED_AT_ONCE = 512;

/** Networks of the same layers. */
export interface Fleet {
  readonly models: readonly Model[];
  readonly layers: readonly ShapedLayer[];
  readonly parameters: ParameterLayout;
  /** The weights that Muon updates in any of them. */
  readonly muon: MuonLayout;
  readonly batchSize: number;
}

/** Images on the card: bytes or values, and then a label for each. */
export interface CardImages {
  readonly buffer: GPUBuffer;
  readonly floats: boolean;
  /** Where the labels begin, in words. */
  readonly labelsAt: number;
}

/** `measure`: only the statistics of batch normalisation. */
type CallKind = "evaluate" | "train" | "differentiate" | "measure";

/** What is computed of images by networks that follow each other. */
export interface Call {
  readonly images: CardImages;
  /** The network of the first job. */
  readonly network: number;
  readonly jobs: readonly (Job | undefined)[];
  readonly kind: CallKind;
  /** Which parameters an evaluation takes. */
  readonly weights?: "parameters" | "averages";
  readonly outputs?: keyof typeof OUTPUTS;
}

/** What is computed of a job's samples. */
export interface Answers {
  readonly losses: Float32Array;
  readonly predictions: Int32Array;
  /** What the call asks for: logits, or the outputs of all layers one after the other; [samples][outputs]. */
  readonly outputs: Float32Array;
}

/** What a network is: an arena has a value for each parameter of each network. */
const ARENAS = ["parameters", "firstMoments", "secondMoments", "averages"] as const;
export type Arena = (typeof ARENAS)[number];
type BufferName =
  | Arena
  | "transposed"
  | "table"
  | "jobs"
  | "program"
  | "placements"
  | "scratch"
  | "answers"
  | "gradients"
  | "plan"
  | "steps";
type LayoutName = "transpose" | "draw" | "sample" | "join" | "update" | "muon";

/** An entry point of a shader. */
interface Shader {
  readonly code: string;
  readonly entryPoint: string;
  readonly layout: GPUBindGroupLayout;
}

/** A dispatch in every step of a call. */
interface StepShader extends Shader {
  readonly binds: "sample" | "join" | "update" | "muon";
  /** Workgroups; undefined: one for each sample. */
  readonly extents?: readonly [x: number, y: number];
}

/** What a program has on the card. */
interface Resources {
  readonly buffers: Record<BufferName, GPUBuffer>;
  readonly layouts: Readonly<Record<LayoutName, GPUBindGroupLayout>>;
  readonly transpose: Shader;
  readonly draw: Shader;
  readonly steps: Readonly<Record<CallKind, readonly StepShader[]>>;
  /** Whether the samples of an evaluation need memory of their own. */
  readonly evaluatesInBatches: boolean;
  /** Values of the scratch buffer for each sample in training. */
  readonly sampleSize: number;
}

/** Some steps of a call. */
interface Part {
  readonly first: number;
  readonly steps: number;
  /** The samples of a step at most. */
  readonly width: number;
}

/** What the dispatches of a call run; undefined for those that it does not need. */
interface Pipelines {
  readonly transpose?: GPUComputePipeline;
  readonly draw?: GPUComputePipeline;
  /** Of each dispatch in a step. */
  readonly step: readonly (StepShader & { readonly pipeline: GPUComputePipeline })[];
}

/** The shaders of a model, compiled when they are first needed, and the memory of a fleet on a card. */
export class Program {
  private readonly device: Device;
  private readonly fleet: Fleet;
  private readonly resources: Resources;
  private readonly pipelines = new Map<Shader, Promise<GPUComputePipeline>>();
  /** Grows and shrinks with the time that submissions take; it changes no result. */
  private stepsAtOnce = 4;

  /** @throws OutOfMemoryError if the fleet needs more memory than the card can bind */
  static async compile(device: Device, fleet: Fleet): Promise<Program> {
    const { models, layers, parameters, muon } = fleet;
    const [model] = models;
    const common = { model, layers, parameters, workgroupFloats: device.workgroupFloats };
    const training = sampleShaders({ ...common, training: true });
    const evaluation = sampleShaders({ ...common, training: false });
    const placements = placementShader(model.input, recordWords(layers));
    const layouts = await device.accepted(() => ({
      transpose: device.layout(["uniform", "stepped", "read", "write"]),
      draw: device.layout(["uniform", "stepped", "read", "read", "write"]),
      sample: device.layout(["uniform", "stepped", "read", "read", "read", "read", "write", "write", "read", "read"]),
      join: device.layout(["uniform", "stepped", "read", "write", "write"]),
      update: device.layout([
        "uniform",
        "stepped",
        "read",
        ...ARENAS.map(() => "write" as const),
        "read",
        "write",
        "write",
      ]),
      muon: device.layout(["uniform", "stepped", "read", "write"]),
    }));
    const samples = ({ segments }: SampleShaders) => {
      const code = joinShader(model, layers, parameters, training.scratchSize);
      return segments.flatMap(({ code: ofSamples, join }): StepShader[] => {
        const sample = { code: ofSamples, entryPoint: "main", layout: layouts.sample, binds: "sample" } as const;
        if (!join) return [sample];
        const extents = joinExtents(join, model, layers);
        return [sample, { code, entryPoint: joinName(join), layout: layouts.join, binds: "join", extents }];
      });
    };
    const update = (entryPoint: string): StepShader[] => {
      const code = updateShader(model, layers, parameters, training.scratchSize, muon);
      const extents = updateExtents(parameters);
      return parameters.size > 0 ? [{ code, entryPoint, layout: layouts.update, binds: "update", extents }] : [];
    };
    const orthogonalize = muonDispatches(muon).map((dispatch): StepShader => {
      return { ...dispatch, code: muonShader(muon, layers), layout: layouts.muon, binds: "muon" };
    });
    const forwardAndBack = samples(training);
    const joins = training.segments.filter(({ join }) => join?.way === "forward").length;
    const resources = {
      layouts,
      transpose: { code: transpositionShader(parameters), entryPoint: "main", layout: layouts.transpose },
      draw: { code: placements.code, entryPoint: "main", layout: layouts.draw },
      steps: {
        evaluate: samples(evaluation),
        train: [
          ...forwardAndBack,
          ...update("update"),
          ...(orthogonalize.length > 0 ? [...orthogonalize, ...update("updateMatrices")] : []),
        ],
        differentiate: [...forwardAndBack, ...update("differentiate")],
        // Each join comes behind a shader of the samples.
        measure: forwardAndBack.slice(0, 2 * joins),
      },
      evaluatesInBatches: evaluation.scratchSize > 0,
      sampleSize: training.scratchSize,
    };
    const scratchSize = Math.max(training.scratchSize, evaluation.scratchSize);
    const ofNetwork = fleet.batchSize * scratchSize + training.coefficientSize;
    const buffers = await device.accepted(() => createBuffers(device, fleet, ofNetwork, placements.program));
    return new Program(device, fleet, { ...resources, buffers });
  }

  private constructor(device: Device, fleet: Fleet, resources: Resources) {
    this.device = device;
    this.fleet = fleet;
    this.resources = resources;
  }

  /** Sets how bytes become inputs: float32 [network][channels][256]. */
  setTable(table: Float32Array<ArrayBuffer>): void {
    this.device.queue.writeBuffer(this.resources.buffers.table, 0, table);
  }

  async readArenas(network: number, ...arenas: Arena[]): Promise<Float32Array[]> {
    const bytes = this.fleet.parameters.size * WORD_BYTES;
    const { buffers } = this.resources;
    return this.device.read(...arenas.map((arena) => ({ buffer: buffers[arena], offset: network * bytes, bytes })));
  }

  writeArena(arena: Arena, network: number, values: Float32Array<ArrayBuffer>): void {
    const offset = network * this.fleet.parameters.size * WORD_BYTES;
    this.device.queue.writeBuffer(this.resources.buffers[arena], offset, values);
  }

  /**
   * Computes a call, some steps at a time; the answers of each job.
   *
   * @throws Error if the card refuses a shader, or fails
   */
  async run(call: Call): Promise<Answers[]> {
    const pipelines = await this.pipelinesFor(call);
    const width = this.widthOf(call);
    const outputSize = this.outputSize(call);
    const total = Math.max(...call.jobs.map((job) => Math.ceil((job?.indices.length ?? 0) / width)));
    const answers = call.jobs.map((job): Answers => {
      const count = job?.indices.length ?? 0;
      return {
        losses: new Float32Array(count),
        predictions: new Int32Array(count),
        outputs: new Float32Array(count * outputSize),
      };
    });
    const underWay: Promise<void>[] = [];
    let ended = performance.now();
    for (let first = 0; first < total; ) {
      const steps = Math.min(this.stepsAtOnce, this.mostSteps(call, width), total - first);
      const part = { first, steps, width };
      const started = performance.now();
      const done = this.submit(call, part, pipelines).then(([values]) => {
        unpackAnswers(answers, values, part, outputSize);
        this.adapt(performance.now() - Math.max(started, ended), steps);
        ended = performance.now();
      });
      // Whoever waits for it sees the error.
      done.catch(() => {});
      underWay.push(done);
      if (underWay.length === SUBMISSIONS) await underWay.shift();
      first += steps;
    }
    for (const done of underWay) await done;
    return answers;
  }

  /** Computes a call of one batch of one network, and the gradients of its mean loss. */
  async differentiate(call: Call): Promise<{ readonly answers: Answers; readonly gradients: Float32Array }> {
    const count = call.jobs[0]!.indices.length;
    const part = { first: 0, steps: 1, width: this.widthOf(call) };
    const [values, gradients] = await this.submit(call, part, await this.pipelinesFor(call));
    const answers = {
      losses: new Float32Array(count),
      predictions: new Int32Array(count),
      outputs: new Float32Array(0),
    };
    unpackAnswers([answers], values, part, 0);
    return { answers, gradients };
  }

  /** The pipelines of a call's dispatches, compiled. */
  private async pipelinesFor({ kind, jobs }: Call): Promise<Pipelines> {
    const { transpose, draw, steps } = this.resources;
    const optional = async (isNeeded: boolean, shader: Shader) => (isNeeded ? this.pipeline(shader) : undefined);
    const [transposing, drawing, ...step] = await Promise.all([
      optional(this.fleet.parameters.transposedSize > 0, transpose),
      optional(jobs.some(isDrawn), draw),
      ...steps[kind].map(async (shader) => ({ ...shader, pipeline: await this.pipeline(shader) })),
    ]);
    return { transpose: transposing, draw: drawing, step };
  }

  private pipeline(shader: Shader): Promise<GPUComputePipeline> {
    let pipeline = this.pipelines.get(shader);
    if (!pipeline) {
      const { code, entryPoint, layout } = shader;
      pipeline = this.device.pipeline(code, entryPoint, layout);
      this.pipelines.set(shader, pipeline);
    }
    return pipeline;
  }

  /** The samples of a step. Those of an evaluation are independent, so their number changes no result. */
  private widthOf(call: Call): number {
    const { batchSize } = this.fleet;
    if (call.kind !== "evaluate") return batchSize;
    const most = Math.floor(MOST_WORDS / Math.max(1, this.outputSize(call)));
    return Math.max(1, Math.min(most, this.resources.evaluatesInBatches ? batchSize : EVALUATED_AT_ONCE));
  }

  /** The values that a call wants of each sample. */
  private outputSize({ outputs = "none" }: Call): number {
    const sizes = this.fleet.layers.map(({ output }) => elementCount(output));
    if (outputs === "logits") return sizes[sizes.length - 1];
    return outputs === "all" ? sizes.reduce((sum, size) => sum + size, 0) : 0;
  }

  /** How many steps of a call a submission takes at most. */
  private mostSteps(call: Call, width: number): number {
    const placed = call.jobs.some((job) => job?.placements);
    const { layers } = this.fleet;
    const ofSample = 3 + (placed ? PLACEMENT_WORDS : 0) + this.outputSize(call) + teacherWords(call.jobs, layers);
    const words = recordWords(layers) + width * ofSample;
    return Math.max(1, Math.min(MOST_STEPS, Math.floor(MOST_WORDS / (call.jobs.length * words))));
  }

  private adapt(milliseconds: number, steps: number): void {
    if (milliseconds > SUBMISSION.most) this.stepsAtOnce = Math.max(1, Math.floor(steps / 2));
    else if (milliseconds < SUBMISSION.least && steps === this.stepsAtOnce && steps < MOST_STEPS) {
      this.stepsAtOnce = steps * 2;
    }
  }

  /** Uploads and submits some steps of a call; answers and, if asked for, gradients. */
  private async submit(
    call: Call,
    part: Part,
    { transpose, draw, step: dispatches }: Pipelines,
  ): Promise<Float32Array[]> {
    const { models, layers } = this.fleet;
    const { buffers } = this.resources;
    const { images, jobs, kind, network } = call;
    const { steps, width } = part;
    const networks = models.slice(network, network + jobs.length);
    const packed = packJobs(jobs, networks, layers, part);
    const samples = jobs.length * steps * width;
    const outputSize = this.outputSize(call);
    const answerBytes = samples * (2 + outputSize) * WORD_BYTES;
    const plan: Record<(typeof PLAN_FIELDS)[number], number> = {
      steps,
      width,
      network,
      floats: images.floats ? 1 : 0,
      labelsAt: images.labelsAt,
      samplesAt: packed.samplesAt,
      drawsAt: packed.drawsAt,
      lossAt: packed.lossAt,
      teacherAt: packed.teacherAt,
      coefficientsAt: jobs.length * width * this.resources.sampleSize,
      outputsAt: samples * 2,
      outputSize,
      outputs: OUTPUTS[call.outputs ?? "none"],
    };
    return this.device.submit((pass) => {
      this.ensure("jobs", packed.words.byteLength);
      this.ensure("answers", answerBytes);
      const isPlaced = jobs.some((job) => job?.placements);
      if (isPlaced) this.ensure("placements", samples * PLACEMENT_WORDS * WORD_BYTES);
      const { queue } = this.device;
      queue.writeBuffer(buffers.jobs, 0, packed.words);
      for (const [place, job] of jobs.entries()) if (job) this.uploadPlacements(place, job, part);
      queue.writeBuffer(
        buffers.plan,
        0,
        Uint32Array.from(PLAN_FIELDS, (field) => plan[field]),
      );
      const weights = buffers[call.weights ?? "parameters"];
      const groups = {
        sample: this.sampleGroup(images, weights),
        join: this.joinGroup(),
        update: this.updateGroup(),
        muon: this.muonGroup(),
      };
      const dispatch = (
        pipeline: GPUComputePipeline,
        group: GPUBindGroup,
        step: number,
        extents: readonly [x: number, y: number],
      ) => {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group, [step * STEP_BYTES]);
        pass.dispatchWorkgroups(...extents, jobs.length);
      };
      if (transpose) dispatch(transpose, this.transposeGroup(weights), 0, updateExtents(this.fleet.parameters));
      if (draw) dispatch(draw, this.drawGroup(), 0, dispatchExtents(Math.ceil((steps * width) / THREADS)));
      for (let step = 0; step < steps; step++) {
        const samples = dispatchExtents(this.mostSamples(call, part, step));
        for (const { pipeline, binds, extents = samples } of dispatches)
          dispatch(pipeline, groups[binds], step, extents);
      }
      const reads: BufferPart[] = [{ buffer: buffers.answers, offset: 0, bytes: answerBytes }];
      if (kind === "differentiate") {
        reads.push({ buffer: buffers.gradients, offset: 0, bytes: this.fleet.parameters.size * WORD_BYTES });
      }
      return reads;
    });
  }

  /** The largest number of samples that a network has in a step. */
  private mostSamples({ jobs }: Call, { first, width }: Part, step: number): number {
    const start = (first + step) * width;
    return Math.max(...jobs.map((job) => Math.min(width, Math.max(0, (job?.indices.length ?? 0) - start))));
  }

  private transposeGroup(weights: GPUBuffer): GPUBindGroup {
    const { buffers, layouts } = this.resources;
    return this.device.bindGroup(layouts.transpose, [buffers.plan, this.stepBinding(), weights, buffers.transposed]);
  }

  private drawGroup(): GPUBindGroup {
    const { buffers, layouts } = this.resources;
    const { plan, jobs, program, placements } = buffers;
    return this.device.bindGroup(layouts.draw, [plan, this.stepBinding(), jobs, program, placements]);
  }

  private sampleGroup(images: CardImages, weights: GPUBuffer): GPUBindGroup {
    const { buffers, layouts } = this.resources;
    const { plan, table, jobs, scratch, answers, transposed, placements } = buffers;
    const inputs = [plan, this.stepBinding(), images.buffer, table, jobs, weights];
    return this.device.bindGroup(layouts.sample, [...inputs, scratch, answers, transposed, placements]);
  }

  private joinGroup(): GPUBindGroup {
    const { buffers, layouts } = this.resources;
    const { plan, jobs, parameters, scratch } = buffers;
    return this.device.bindGroup(layouts.join, [plan, this.stepBinding(), jobs, parameters, scratch]);
  }

  private updateGroup(): GPUBindGroup {
    const { buffers, layouts } = this.resources;
    const { plan, jobs, scratch, gradients, transposed } = buffers;
    const arenas = ARENAS.map((arena) => buffers[arena]);
    const group = [plan, this.stepBinding(), jobs, ...arenas, scratch, gradients, transposed];
    return this.device.bindGroup(layouts.update, group);
  }

  private muonGroup(): GPUBindGroup {
    const { buffers, layouts } = this.resources;
    return this.device.bindGroup(layouts.muon, [buffers.plan, this.stepBinding(), buffers.jobs, buffers.gradients]);
  }

  private stepBinding(): GPUBufferBinding {
    return { buffer: this.resources.buffers.steps, size: WORD_BYTES };
  }

  /** Uploads the placements that a job gives, those of some steps. */
  private uploadPlacements(place: number, { placements, indices }: Job, { first, steps, width }: Part): void {
    if (!(placements instanceof Int32Array)) return;
    const start = Math.min(first * width, indices.length);
    const end = Math.min(start + steps * width, indices.length);
    const given = placements.slice(start * PLACEMENT_WORDS, end * PLACEMENT_WORDS);
    const offset = place * steps * width * PLACEMENT_WORDS * WORD_BYTES;
    this.device.queue.writeBuffer(this.resources.buffers.placements, offset, given);
  }

  /** Makes a buffer large enough; its contents are lost if it was not. */
  private ensure(name: "jobs" | "placements" | "answers", bytes: number): void {
    const { buffers } = this.resources;
    if (buffers[name].size >= bytes) return;
    this.device.memoryBytes -= buffers[name].size;
    buffers[name].destroy();
    buffers[name] = this.device.ownBuffer(`the ${name}`, bytes);
  }
}

function createBuffers(
  device: Device,
  fleet: Fleet,
  scratchOfNetwork: number,
  program: Uint32Array<ArrayBuffer>,
): Record<BufferName, GPUBuffer> {
  const { models, parameters, muon, batchSize } = fleet;
  const networks = models.length;
  const arena = networks * parameters.size * WORD_BYTES;
  const what = networks === 1 ? "the network's" : `${networks} networks'`;
  const buffers = {
    parameters: device.ownBuffer(`${what} parameters`, arena),
    firstMoments: device.ownBuffer(`${what} first moments`, arena),
    secondMoments: device.ownBuffer(`${what} second moments`, arena),
    averages: device.ownBuffer(`${what} averages`, arena),
    transposed: device.ownBuffer(`${what} weights`, networks * parameters.transposedSize * WORD_BYTES),
    table: device.ownBuffer(`${what} normalizations`, networks * models[0].input.channels * 256 * WORD_BYTES),
    scratch: device.ownBuffer(`${what} batches of ${batchSize}`, networks * scratchOfNetwork * WORD_BYTES),
    // Those of one network, or Muon's matrices of all.
    gradients: device.ownBuffer("the gradients", Math.max(parameters.size, networks * muon.size) * WORD_BYTES),
    jobs: device.ownBuffer("the jobs", 0),
    program: device.ownBuffer("the program of placements", program.byteLength),
    placements: device.ownBuffer("the placements", 0),
    answers: device.ownBuffer("the answers", 0),
    plan: device.ownBuffer("the plan", PLAN_FIELDS.length * WORD_BYTES, "uniform"),
    steps: device.ownBuffer("the steps", MOST_STEPS * STEP_BYTES, "uniform"),
  };
  const steps = new Uint32Array((MOST_STEPS * STEP_BYTES) / WORD_BYTES);
  for (let step = 0; step < MOST_STEPS; step++) steps[(step * STEP_BYTES) / WORD_BYTES] = step;
  device.queue.writeBuffer(buffers.steps, 0, steps);
  device.queue.writeBuffer(buffers.program, 0, program);
  return buffers;
}

/** Copies losses, predictions and outputs to where they belong: [job][step][width] of each, the first two in pairs. */
function unpackAnswers(
  answers: readonly Answers[],
  values: Float32Array,
  { first, steps, width }: Part,
  outputSize: number,
): void {
  const outputsAt = answers.length * steps * width * 2;
  for (const [job, { losses, predictions, outputs }] of answers.entries()) {
    const start = first * width;
    const end = Math.min(start + steps * width, losses.length);
    for (let place = start; place < end; place++) {
      const sample = job * steps * width + place - start;
      losses[place] = values[sample * 2];
      predictions[place] = values[sample * 2 + 1];
      if (outputSize === 0) continue;
      const from = outputsAt + sample * outputSize;
      outputs.set(values.subarray(from, from + outputSize), place * outputSize);
    }
  }
}

/** Whether the card draws a job's placements. */
function isDrawn(job: Job | undefined): boolean {
  return job?.placements !== undefined && !(job.placements instanceof Int32Array);
}
