/** The loss of one sample and its gradient. */
export interface SampleLoss {
  readonly loss: number;
  /** The class with the largest logit, the first if several are equal. */
  readonly prediction: number;
  /** The gradient of the loss with respect to the logits. */
  readonly gradient: Float64Array;
}

/**
 * Softmax with cross-entropy, as PyTorch's CrossEntropyLoss. With label smoothing ε, the target probability of the
 * label's class is 1 − ε + ε / classes, that of every other class ε / classes. The gradient is the softmax minus the
 * target.
 *
 * @param rubbishLogit the logit of a further class that is never right and never predicted
 */
export function crossEntropy(
  logits: Float64Array,
  label: number,
  smoothing: number,
  rubbishLogit = -Infinity,
): SampleLoss {
  const largest = Math.max(...logits, rubbishLogit);
  // Subtracting the largest logit avoids overflow and leaves the softmax unchanged.
  const exponentials = logits.map((logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((total, exponential) => total + exponential, Math.exp(rubbishLogit - largest));
  const target = logits.map((_, index) => smoothing / logits.length + (index === label ? 1 - smoothing : 0));
  const logSum = largest + Math.log(sum);
  return {
    loss: logits.reduce((total, logit, index) => total + target[index] * (logSum - logit), 0),
    prediction: logits.indexOf(Math.max(...logits)),
    gradient: exponentials.map((exponential, index) => exponential / sum - target[index]),
  };
}
