import type { OptimizerSettings } from "../../backend.js";
import { HYPERPARAMETERS } from "../../hyperparameters.js";
import {
  type FunctionBuilder,
  type FunctionHandle,
  f32x4,
  i32,
  type Local,
  type Value,
  v128,
} from "../assembler/index.js";
import { type KernelContext, multiplyAdd, ZERO } from "./context.js";
import { FLOAT_BYTES, VECTOR_BYTES } from "./layout.js";

/** Muon leaves to AdamW what it does not update itself. */
export type OptimizerKind = Exclude<OptimizerSettings["type"], "muon">;

/**
 * Added to a moment and subtracted again, this rounds moments below 1e-30 to zero: denormal numbers would slow a step
 * down fifty times. Nothing changes above 1e-16, and two additions are cheaper than a comparison and a mask.
 */
export const FLUSH = 2 ** -76;

/**
 * Kernels that take one step of the optimizer on consecutive parameters. SGD keeps its buffer in the first moment; SDLM
 * reads the second derivatives from the second moment.
 */
export interface OptimizerKernels {
  /** (weight, gradient, first moment, second moment, average, hyperparameters, vectors) */
  readonly update: FunctionHandle;
  /**
   * (weight, x, dy, first moment, second moment, average, hyperparameters, rows, vectors): rows of a matrix of so many
   * vectors each, whose gradient is the outer product of dy[row] and x, and is never stored
   */
  readonly updateByOuterProduct: FunctionHandle;
  /** (value, average, hyperparameters, vectors): moves the average of values that have no gradient */
  readonly average: FunctionHandle;
}

/** @param averaging whether a step also updates the average of the weights; without it, its address is unused */
export function emitOptimizer(context: KernelContext, kind: OptimizerKind, averaging: boolean): OptimizerKernels {
  const newStep = (code: FunctionBuilder, hyperparameters: Local<"i32">) => {
    const settings = loadSettings(context, code, hyperparameters);
    const update = updateOf(kind);
    return (at: Pointers, gradient: Value<"v128">) => {
      const updated = code.local("v128", update(context, code, settings, at, gradient));
      code.store(at.weight, updated);
      if (averaging) moveAverage(code, settings, at.average, updated);
      for (const pointer of [at.weight, at.first, at.second, ...(averaging ? [at.average] : [])]) {
        code.increase(pointer, VECTOR_BYTES);
      }
    };
  };
  const arenas = { first: "i32", second: "i32", average: "i32", hyperparameters: "i32" } as const;
  const update = context.module.function(
    `${kind}.update`,
    { weight: "i32", gradient: "i32", ...arenas, vectors: "i32" },
    (code, { gradient, hyperparameters, vectors, ...at }) => {
      const step = newStep(code, hyperparameters);
      code.while(vectors, () => {
        step(at, v128.load(gradient));
        code.increase(gradient, VECTOR_BYTES);
        code.increase(vectors, -1);
      });
    },
    { exported: true },
  );
  const updateByOuterProduct = context.module.function(
    `${kind}.updateByOuterProduct`,
    { weight: "i32", x: "i32", dy: "i32", ...arenas, rows: "i32", vectors: "i32" },
    (code, { x, dy, hyperparameters, rows, vectors, ...at }) => {
      const step = newStep(code, hyperparameters);
      const factor = code.local("v128");
      const input = code.local("i32");
      const end = code.local("i32", i32.add(x, i32.mul(vectors, VECTOR_BYTES)));
      code.while(rows, () => {
        code.set(factor, v128.load32Splat(dy));
        code.set(input, x);
        code.while(i32.ltUnsigned(input, end), () => {
          step(at, f32x4.mul(factor, v128.load(input)));
          code.increase(input, VECTOR_BYTES);
        });
        code.increase(dy, FLOAT_BYTES);
        code.increase(rows, -1);
      });
    },
    { exported: true },
  );
  const average = context.module.function(
    `${kind}.average`,
    { value: "i32", average: "i32", hyperparameters: "i32", vectors: "i32" },
    (code, { value, average, hyperparameters, vectors }) => {
      const share = v128.load32Splat(hyperparameters, HYPERPARAMETERS.averageShare * FLOAT_BYTES);
      const settings = { averageShare: code.local("v128", share) };
      const current = code.local("v128");
      code.while(vectors, () => {
        code.set(current, v128.load(value));
        moveAverage(code, settings, average, current);
        for (const pointer of [value, average]) code.increase(pointer, VECTOR_BYTES);
        code.increase(vectors, -1);
      });
    },
  );
  return { update, updateByOuterProduct, average };
}

function updateOf(kind: OptimizerKind) {
  if (kind === "sgd") return sgdUpdate;
  return kind === "sdlm" ? sdlmUpdate : adamUpdate(kind);
}

type Settings = Record<keyof typeof HYPERPARAMETERS | "flush" | "negativeStepSize", Local<"v128">>;
type Pointers = Record<"weight" | "first" | "second" | "average", Local<"i32">>;

function loadSettings(context: KernelContext, code: FunctionBuilder, hyperparameters: Local<"i32">): Settings {
  const values = Object.entries(HYPERPARAMETERS).map(([name, word]) => {
    return [name, code.local("v128", v128.load32Splat(hyperparameters, word * FLOAT_BYTES))];
  });
  const settings = Object.fromEntries(values) as Record<keyof typeof HYPERPARAMETERS, Local<"v128">>;
  return {
    ...settings,
    flush: code.local("v128", context.data.splat(FLUSH)),
    negativeStepSize: code.local("v128", f32x4.sub(ZERO, settings.stepSize)),
  };
}

/** As torch.optim.swa_utils.get_ema_multi_avg_fn: interpolates, so that the average of a constant is that constant. */
export function moveAverage(
  code: FunctionBuilder,
  settings: Pick<Settings, "averageShare">,
  average: Local<"i32">,
  weight: Local<"v128">,
): void {
  const before = code.local("v128", v128.load(average));
  code.store(average, f32x4.add(before, f32x4.mul(settings.averageShare, f32x4.sub(weight, before))));
}

/** decay · moment + addend, rounded to zero if it is tiny. */
function moved(
  context: KernelContext,
  code: FunctionBuilder,
  { flush }: Settings,
  {
    decay,
    moment,
    addend,
  }: { decay: Local<"v128">; moment: Value<"v128">; addend: (flush: Local<"v128">) => Value<"v128"> },
): Local<"v128"> {
  return code.local("v128", f32x4.sub(multiplyAdd(context, decay, moment, addend(flush)), flush));
}

/** The new weight, as in torch.optim.Adam (decay added to the gradient) and torch.optim.AdamW (weights shrunk first). */
function adamUpdate(kind: "adam" | "adamw") {
  return (
    context: KernelContext,
    code: FunctionBuilder,
    settings: Settings,
    at: Pointers,
    loaded: Value<"v128">,
  ): Value<"v128"> => {
    const weight = code.local("v128", v128.load(at.weight));
    const gradient = code.local("v128", loaded);
    if (kind === "adam") code.set(gradient, multiplyAdd(context, settings.weightDecay, weight, gradient));
    const first = moved(context, code, settings, {
      decay: settings.beta1,
      moment: v128.load(at.first),
      addend: (flush) => multiplyAdd(context, settings.oneMinusBeta1, gradient, flush),
    });
    const second = moved(context, code, settings, {
      decay: settings.beta2,
      moment: v128.load(at.second),
      addend: (flush) => multiplyAdd(context, f32x4.mul(settings.oneMinusBeta2, gradient), gradient, flush),
    });
    code.store(at.first, first);
    code.store(at.second, second);
    const std = multiplyAdd(context, f32x4.sqrt(second), settings.secondMomentScale, settings.epsilon);
    const step = f32x4.div(f32x4.mul(settings.negativeStepSize, first), std);
    return kind === "adamw" ? multiplyAdd(context, settings.decay, weight, step) : f32x4.add(weight, step);
  };
}

/** The new weight, as in torch.optim.SGD with momentum and dampening 0. */
function sgdUpdate(
  context: KernelContext,
  code: FunctionBuilder,
  settings: Settings,
  at: Pointers,
  loaded: Value<"v128">,
): Value<"v128"> {
  const weight = code.local("v128", v128.load(at.weight));
  const gradient = code.local("v128", multiplyAdd(context, settings.weightDecay, weight, loaded));
  const buffer = moved(context, code, settings, {
    decay: settings.momentum,
    moment: v128.load(at.first),
    addend: (flush) => f32x4.add(gradient, flush),
  });
  code.store(at.first, buffer);
  const ahead = multiplyAdd(context, settings.momentum, buffer, gradient);
  const direction = v128.bitselect(ahead, buffer, f32x4.gt(settings.nesterov, ZERO));
  return multiplyAdd(context, settings.negativeStepSize, direction, weight);
}

/** The new weight by the stochastic diagonal Levenberg-Marquardt method. */
function sdlmUpdate(
  _context: KernelContext,
  _code: FunctionBuilder,
  settings: Settings,
  at: Pointers,
  gradient: Value<"v128">,
): Value<"v128"> {
  const curvature = f32x4.add(v128.load(at.second), settings.epsilon);
  return f32x4.add(v128.load(at.weight), f32x4.div(f32x4.mul(settings.negativeStepSize, gradient), curvature));
}
