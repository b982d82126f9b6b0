import { type Element, eachIndex } from "./layerKernels.js";

/**
 * Softmax with cross-entropy of one sample, as in PyTorch's CrossEntropyLoss with label smoothing ε:
 * loss = (1 − ε) · −log p[label] + ε / classes · Σ −log p. The prediction is the first largest logit. Every thread adds up
 * all exponentials, which saves a barrier.
 *
 * @param answer the place of the loss, and after it of the prediction
 */
export function lossCode(classes: number, logit: Element, answer: Element): string {
  return `
      var largest = ${logit("0u")};
      var prediction = 0u;
      for (var c = 1u; c < ${classes}u; c++) {
        let value = ${logit("c")};
        if (value > largest) { largest = value; prediction = c; }
      }
      var sum = 0.0;
      var sumOfShifted = 0.0;
      for (var c = 0u; c < ${classes}u; c++) {
        let shifted = ${logit("c")} - largest;
        sum += exp(shifted);
        sumOfShifted += shifted;
      }
      let share = smoothing / ${classes}.0;
      if (t == 0u) {
        let ofLabel = ${logit("label")} - largest;
        ${answer("0u")} = log(sum) - ((1.0 - smoothing) * ofLabel + share * sumOfShifted);
        ${answer("1u")} = f32(prediction);
      }`;
}

/** The gradient of the batch's mean loss by the logits, p − (1 − ε) · [label] − ε / classes; after `lossCode` and a barrier. */
export function lossGradientCode(
  classes: number,
  logit: Element,
  store: (index: string, value: string) => string,
): string {
  return eachIndex(
    classes,
    "c",
    `
      let probability = exp(${logit("c")} - largest) / sum;
      let wanted = share + select(0.0, 1.0 - smoothing, c == label);
      ${store("c", "scale * (probability - wanted)")}`,
  );
}
