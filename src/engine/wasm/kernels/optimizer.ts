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
import { type KernelContext, ZERO } from "./context.js";
import { VECTOR_BYTES } from "./layout.js";

export type OptimizerKind = "adamw" | "adam" | "sgd";

/** Moments below this are set to zero: denormal numbers would slow a step down fifty times. */
const SMALLEST_MOMENT = 1e-30;

/**
 * Emits (weight, gradient, first moment, second moment, average, hyperparameters, vectors): one step of the optimizer on
 * consecutive parameters. SGD keeps its momentum buffer in the first moment.
 *
 * @param averaging whether the step also updates the average of the weights; without it, its address is unused
 */
export function emitOptimizer(context: KernelContext, kind: OptimizerKind, averaging: boolean): FunctionHandle {
  return context.module.function(
    `${kind}.update`,
    {
      weight: "i32",
      gradient: "i32",
      first: "i32",
      second: "i32",
      average: "i32",
      hyperparameters: "i32",
      vectors: "i32",
    },
    (code, { weight, gradient, first, second, average, hyperparameters, vectors }) => {
      const settings = Object.fromEntries(
        Object.entries(HYPERPARAMETERS).map(([name, word]) => [
          name,
          code.local("v128", v128.load32Splat(hyperparameters, word * 4)),
        ]),
      ) as Record<keyof typeof HYPERPARAMETERS, Local<"v128">>;
      const threshold = code.local("v128", context.data.splat(SMALLEST_MOMENT));
      const update = kind === "sgd" ? sgdUpdate : adamUpdate(kind);
      const pointers = [weight, gradient, first, second, ...(averaging ? [average] : [])];
      code.while(vectors, () => {
        const updated = code.local("v128", update(code, settings, threshold, { weight, gradient, first, second }));
        code.store(weight, updated);
        if (averaging) moveAverage(code, settings, average, updated);
        for (const pointer of pointers) code.increase(pointer, VECTOR_BYTES);
        code.set(vectors, i32.sub(vectors, 1));
      });
    },
    { exported: true },
  );
}

type Settings = Record<keyof typeof HYPERPARAMETERS, Local<"v128">>;
type Pointers = Record<"weight" | "gradient" | "first" | "second", Local<"i32">>;

/** As torch.optim.swa_utils.get_ema_multi_avg_fn: interpolates, so that the average of a constant is that constant. */
function moveAverage(code: FunctionBuilder, settings: Settings, average: Local<"i32">, weight: Local<"v128">): void {
  const before = code.local("v128", v128.load(average));
  code.store(average, f32x4.add(before, f32x4.mul(settings.averageShare, f32x4.sub(weight, before))));
}

function flushed(code: FunctionBuilder, moment: Value<"v128">, threshold: Local<"v128">): Local<"v128"> {
  const value = code.local("v128", moment);
  code.set(value, v128.and(value, f32x4.gt(f32x4.abs(value), threshold)));
  return value;
}

/** The new weight, as in torch.optim.Adam (decay added to the gradient) and torch.optim.AdamW (weights shrunk first). */
function adamUpdate(kind: "adam" | "adamw") {
  return (code: FunctionBuilder, settings: Settings, threshold: Local<"v128">, at: Pointers): Value<"v128"> => {
    const weight = code.local("v128", v128.load(at.weight));
    const gradient = code.local("v128", v128.load(at.gradient));
    if (kind === "adam") {
      code.set(gradient, f32x4.add(gradient, f32x4.mul(settings.weightDecay, weight)));
    } else {
      code.set(weight, f32x4.mul(weight, settings.decay));
    }
    const first = flushed(
      code,
      f32x4.add(f32x4.mul(settings.beta1, v128.load(at.first)), f32x4.mul(settings.oneMinusBeta1, gradient)),
      threshold,
    );
    const second = flushed(
      code,
      f32x4.add(
        f32x4.mul(settings.beta2, v128.load(at.second)),
        f32x4.mul(settings.oneMinusBeta2, f32x4.mul(gradient, gradient)),
      ),
      threshold,
    );
    code.store(at.first, first);
    code.store(at.second, second);
    const std = f32x4.add(f32x4.mul(f32x4.sqrt(second), settings.secondMomentScale), settings.epsilon);
    return f32x4.sub(weight, f32x4.div(f32x4.mul(settings.stepSize, first), std));
  };
}

/** The new weight, as in torch.optim.SGD with momentum and dampening 0. */
function sgdUpdate(code: FunctionBuilder, settings: Settings, threshold: Local<"v128">, at: Pointers): Value<"v128"> {
  const weight = code.local("v128", v128.load(at.weight));
  const gradient = code.local("v128", f32x4.add(v128.load(at.gradient), f32x4.mul(settings.weightDecay, weight)));
  const buffer = flushed(code, f32x4.add(f32x4.mul(settings.momentum, v128.load(at.first)), gradient), threshold);
  code.store(at.first, buffer);
  const ahead = f32x4.add(gradient, f32x4.mul(settings.momentum, buffer));
  const direction = v128.bitselect(ahead, buffer, f32x4.gt(settings.nesterov, ZERO));
  return f32x4.sub(weight, f32x4.mul(settings.stepSize, direction));
}
