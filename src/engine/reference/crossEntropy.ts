/** What the loss makes of one sample's logits. */
export interface SampleLoss {
  readonly loss: number;
  /** The class of the first largest logit. */
  readonly prediction: number;
  /** The gradient of the loss by the logits. */
  readonly gradient: Float64Array;
}

/**
 * Softmax with cross-entropy, as PyTorch's CrossEntropyLoss. With label smoothing ε, the label's class is wanted with
 * 1 − ε + ε / classes and every other with ε / classes; the gradient is what the softmax says minus what is wanted.
 */
export function crossEntropy(logits: Float64Array, label: number, smoothing: number): SampleLoss {
  const largest = Math.max(...logits);
  // Shifted by the largest, so that no exponential overflows; the softmax stays the same.
  const exponentials = logits.map((logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((total, exponential) => total + exponential, 0);
  const wanted = logits.map((_, index) => smoothing / logits.length + (index === label ? 1 - smoothing : 0));
  const logSum = largest + Math.log(sum);
  return {
    loss: logits.reduce((total, logit, index) => total + wanted[index] * (logSum - logit), 0),
    prediction: logits.indexOf(largest),
    gradient: exponentials.map((exponential, index) => exponential / sum - wanted[index]),
  };
}
