import type { Backend, LossSettings } from "../engine/backend.js";
import type { NamedTensors, Tensor } from "../model/index.js";
import { type ModelReference, meanLoss, referenceEngines } from "./models.js";
import { numbersOf, RowCollector, requireTensor, TOLERANCES, type VerificationRow } from "./rows.js";

/** The losses with reference values, by the prefixes of their tensors. */
const REFERENCE_LOSSES = {
  weighted: { labelSmoothing: 0.1, weighted: true, temperature: 1, share: 0 },
  distilled: { labelSmoothing: 0.1, weighted: false, temperature: 2, share: 0.9 },
  both: { labelSmoothing: 0.05, weighted: true, temperature: 4, share: 0.3 },
} as const;

/**
 * Verifies losses (`*.loss`) and gradients (`*.grad.*`) with class weights (`class_weights`) and a teacher's logits
 * (`teacher`).
 *
 * @param reference the model and the batch, from the model's file
 * @throws VerificationError or ShapeError if the files' tensors do not fit together
 */
export async function verifyLosses(
  file: string,
  tensors: NamedTensors,
  reference: ModelReference,
  backend: Backend,
): Promise<VerificationRow[]> {
  const logits = Float32Array.from(numbersOf("teacher", requireTensor(tensors, "teacher")));
  const classWeights = [...numbersOf("class_weights", requireTensor(tensors, "class_weights"))];
  const expected = new Map([...tensors].filter(([name]) => name !== "teacher" && name !== "class_weights"));
  const { values, labels } = reference;
  const rows = new RowCollector(file);
  for await (const { engine } of referenceEngines(reference, backend)) {
    const images = await engine.load({ values, labels });
    for (const [name, { labelSmoothing, weighted, temperature, share }] of Object.entries(REFERENCE_LOSSES)) {
      const loss: LossSettings = {
        labelSmoothing,
        ...(weighted && { classWeights }),
        ...(share > 0 && { distillation: { logits, temperature, share } }),
      };
      const { losses, gradients } = await engine.differentiate(images, {}, loss);
      const actual = new Map<string, Tensor>([
        [`${name}.loss`, meanLoss(losses)],
        ...[...gradients].map(([parameter, gradient]) => [`${name}.grad.${parameter}`, gradient] as const),
      ]);
      rows.compareAll(expected, actual, (tensor) => (tensor.endsWith(".loss") ? TOLERANCES.loss : TOLERANCES.gradient));
    }
  }
  return rows.rows(expected.keys());
}
