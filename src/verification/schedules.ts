import { type OneCycleSchedule, oneCycle, scheduleAt } from "../training/recipes/schedules.js";
import * as z from "../vendor/zod.js";
import { RowCollector, TOLERANCES, VerificationError, type VerificationRow } from "./rows.js";

/** A OneCycleLR: its arguments, with PyTorch's names, and its values at every step. */
const ReferenceSchedule = z.strictObject({
  max_lr: z.number(),
  total_steps: z.int().positive(),
  pct_start: z.number().optional(),
  div_factor: z.number().optional(),
  final_div_factor: z.number().optional(),
  anneal_strategy: z.enum(["cos", "linear"]).optional(),
  base_momentum: z.number().optional(),
  max_momentum: z.number().optional(),
  three_phase: z.boolean().optional(),
  lr_and_beta1: z.array(z.tuple([z.number(), z.number()])),
});
type ReferenceSchedule = z.infer<typeof ReferenceSchedule>;

/**
 * Verifies learning rate and β1 at every step of every schedule in a JSON file.
 *
 * @throws VerificationError if the file is not JSON with such schedules
 */
export function verifySchedules(file: string, bytes: Uint8Array): VerificationRow[] {
  const rows = new RowCollector(file);
  for (const [name, reference] of Object.entries(parseSchedules(bytes))) {
    const steps = reference.lr_and_beta1;
    if (steps.length !== reference.total_steps) {
      throw new VerificationError(`"${name}" has ${steps.length} rows for ${reference.total_steps} steps`);
    }
    const schedule = toSchedule(reference);
    const given = steps.map((_, step) => scheduleAt(schedule, step, steps.length));
    const compare = (what: string, expected: number[], actual: number[]) =>
      rows.compare(`${name}: ${what}`, vector(expected), vector(actual), TOLERANCES.schedule);
    compare(
      "learning rate",
      steps.map(([learningRate]) => learningRate),
      given.map(({ learningRate }) => learningRate),
    );
    compare(
      "beta1",
      steps.map(([, beta1]) => beta1),
      given.map(({ momentum }) => momentum ?? Number.NaN),
    );
  }
  return rows.rows([]);
}

function parseSchedules(bytes: Uint8Array): Record<string, ReferenceSchedule> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new VerificationError("it is not JSON");
  }
  const parsed = z.record(z.string(), ReferenceSchedule).safeParse(json);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new VerificationError(`at ${path.join(" > ") || "the top"}: ${message}`);
  }
  return parsed.data;
}

function toSchedule(reference: ReferenceSchedule): OneCycleSchedule {
  const defaults = oneCycle(reference.max_lr);
  return {
    ...defaults,
    warmupFraction: reference.pct_start ?? defaults.warmupFraction,
    divisor: reference.div_factor ?? defaults.divisor,
    finalDivisor: reference.final_div_factor ?? defaults.finalDivisor,
    annealing: reference.anneal_strategy === "linear" ? "linear" : "cosine",
    baseMomentum: reference.base_momentum ?? defaults.baseMomentum,
    maximumMomentum: reference.max_momentum ?? defaults.maximumMomentum,
    threePhase: reference.three_phase ?? defaults.threePhase,
  };
}

function vector(values: readonly number[]) {
  return { shape: [values.length], data: Float64Array.from(values) };
}
