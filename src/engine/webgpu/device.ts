import { OutOfMemoryError } from "../backend.js";

/** The flags of GPUBufferUsage, GPUMapMode and GPUShaderStage, which Node does not have as globals. */
const USAGE = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;
const MAP_READ = 1;
const COMPUTE_STAGE = 4;

const FLOAT_BYTES = 4;
/** Software clears the memory of a workgroup element by element, in code that takes seconds to compile if it is large. */
const SOFTWARE_WORKGROUP_FLOATS = 1024;
/** The kinds of errors that a device tells. */
const ERROR_KINDS = ["validation", "out-of-memory", "internal"] as const;

/** What shaders bind: buffers that they read, or read and write, and small uniform ones. */
export type Binding = "read" | "write" | "uniform" | "stepped";

/** A graphics card for one engine: buffers, pipelines, answers. All errors that it tells become exceptions. */
export class Device {
  /** The bits of all results depend on it: `webgpu <vendor> <architecture> <device> <description>`, the last of the driver. */
  readonly arithmetic: string;
  /** The float32 values that a workgroup should have in its memory at most. */
  readonly workgroupFloats: number;
  /** Bytes of all buffers but those for images. */
  memoryBytes = 0;

  /** Kept because the npm package `webgpu` crashes if it is collected before its devices. */
  readonly gpu: GPU;
  private readonly device: GPUDevice;
  private failure: Error | undefined;

  /**
   * Opens the graphics card that a `GPU` chooses.
   *
   * @throws Error if there is none
   */
  static async open(gpu: GPU): Promise<Device> {
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) throw new Error("WebGPU finds no graphics card");
    const { maxComputeWorkgroupStorageSize, maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
    const requiredLimits = { maxComputeWorkgroupStorageSize, maxStorageBufferBindingSize, maxBufferSize };
    return new Device(gpu, adapter.info, await adapter.requestDevice({ requiredLimits }));
  }

  private constructor(gpu: GPU, info: GPUAdapterInfo, device: GPUDevice) {
    const { vendor, architecture, device: name, description, isFallbackAdapter } = info;
    this.arithmetic = ["webgpu", vendor, architecture, name, description].filter(Boolean).join(" ");
    this.gpu = gpu;
    this.device = device;
    const workgroupFloats = device.limits.maxComputeWorkgroupStorageSize / FLOAT_BYTES;
    this.workgroupFloats = isFallbackAdapter ? Math.min(workgroupFloats, SOFTWARE_WORKGROUP_FLOATS) : workgroupFloats;
    device.lost.then(({ message }) => {
      this.failure ??= new Error(`the graphics card was lost: ${message}`);
    });
    device.addEventListener("uncapturederror", ({ error }) => {
      this.failure ??= cardError(error);
    });
  }

  get queue(): GPUQueue {
    return this.device.queue;
  }

  /** @throws Error if nothing can be computed any more */
  requireUsable(): void {
    if (this.failure) throw this.failure;
  }

  /** Frees everything; what is asked for afterwards throws. */
  destroy(): void {
    this.failure = new Error("the engine was disposed");
    this.device.destroy();
  }

  /** Runs what creates or submits, and waits until the card has accepted it. @throws Error if it does not */
  async accepted<Result>(work: () => Result): Promise<Awaited<Result>> {
    this.requireUsable();
    for (const kind of ERROR_KINDS) this.device.pushErrorScope(kind);
    let result: Result;
    let errors: Promise<(GPUError | null)[]>;
    try {
      result = work();
      // The card's own message comes first.
      Promise.resolve(result).catch(() => {});
    } finally {
      errors = Promise.all(ERROR_KINDS.map(() => this.device.popErrorScope()));
      // The work's own exception comes first.
      errors.catch(() => {});
    }
    const error = (await this.answered(errors)).find(Boolean);
    if (error) throw cardError(error);
    return await result;
  }

  /** An answer of the card, or why there is none. */
  async answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
    try {
      const value = await answer;
      this.requireUsable();
      return value;
    } catch (error) {
      // A lost card tells so a moment after it fails.
      await new Promise((resolve) => setTimeout(resolve));
      throw this.failure ?? error;
    }
  }

  /**
   * A buffer for shaders, filled with zeros.
   *
   * @param what names it in messages
   * @throws OutOfMemoryError if it is larger than the card can bind
   */
  buffer(what: string, bytes: number, usage: "storage" | "uniform" = "storage"): GPUBuffer {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    const most = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    if (bytes > most) {
      const megabytes = (size: number) => `${Math.ceil(size / 2 ** 20)} MB`;
      throw new OutOfMemoryError(
        `${what} need ${megabytes(bytes)}, the graphics card takes ${megabytes(most)} at once`,
      );
    }
    const size = Math.max(Math.ceil(bytes / 16) * 16, 16);
    return this.device.createBuffer({ size, usage: USAGE[usage] | USAGE.copySource | USAGE.copyTarget });
  }

  /** A buffer that counts as memory of the engine. */
  ownBuffer(what: string, bytes: number, usage?: "storage" | "uniform"): GPUBuffer {
    const buffer = this.buffer(what, bytes, usage);
    this.memoryBytes += buffer.size;
    return buffer;
  }

  layout(bindings: readonly Binding[]): GPUBindGroupLayout {
    const types = { read: "read-only-storage", write: "storage", uniform: "uniform", stepped: "uniform" } as const;
    return this.device.createBindGroupLayout({
      entries: bindings.map((kind, binding) => ({
        binding,
        visibility: COMPUTE_STAGE,
        buffer: { type: types[kind], hasDynamicOffset: kind === "stepped" },
      })),
    });
  }

  bindGroup(layout: GPUBindGroupLayout, buffers: readonly (GPUBuffer | GPUBufferBinding)[]): GPUBindGroup {
    const entries = buffers.map((resource, binding) => ({
      binding,
      resource: "buffer" in resource ? resource : { buffer: resource },
    }));
    return this.device.createBindGroup({ layout, entries });
  }

  /** Compiles an entry point of a shader. @throws Error with the compiler's message */
  async pipeline(code: string, entryPoint: string, layout: GPUBindGroupLayout): Promise<GPUComputePipeline> {
    return this.accepted(() => {
      const module = this.device.createShaderModule({ code });
      const pipelineLayout = this.device.createPipelineLayout({ bindGroupLayouts: [layout] });
      return this.device.createComputePipelineAsync({ layout: pipelineLayout, compute: { module, entryPoint } });
    });
  }

  /** Submits the dispatches that a function encodes, and gives the values of the buffers that it returns. */
  async submit(encode: (pass: GPUComputePassEncoder) => readonly BufferPart[]): Promise<Float32Array[]> {
    const { copies, mapped } = await this.accepted(() => {
      const encoder = this.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      const parts = encode(pass);
      pass.end();
      const copies = parts.map(({ buffer, offset, bytes }) => {
        const usage = USAGE.mapRead | USAGE.copyTarget;
        const target = this.device.createBuffer({ size: Math.max(bytes, FLOAT_BYTES), usage });
        if (bytes > 0) encoder.copyBufferToBuffer(buffer, offset, target, 0, bytes);
        return { target, bytes };
      });
      this.device.queue.submit([encoder.finish()]);
      const mapped = Promise.all(copies.map(({ target }) => target.mapAsync(MAP_READ)));
      // If the card does not accept the work, that error comes first.
      mapped.catch(() => {});
      return { copies, mapped };
    });
    await this.answered(mapped);
    return copies.map(({ target, bytes }) => {
      const values = new Float32Array(target.getMappedRange().slice(0, bytes));
      target.destroy();
      return values;
    });
  }

  /** Copies values out of buffers. */
  async read(...parts: readonly BufferPart[]): Promise<Float32Array[]> {
    return this.submit(() => parts);
  }
}

/** A part of a buffer, in bytes. */
export interface BufferPart {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

function cardError(error: GPUError): Error {
  // Compilers add the lines of code around the error.
  const text = `the graphics card: ${error.message.trim().split("\n")[0]}`;
  return error.constructor.name === "GPUOutOfMemoryError" ? new OutOfMemoryError(text) : new Error(text);
}
