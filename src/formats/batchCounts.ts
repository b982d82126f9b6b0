import type { NamedTensors } from "../model/index.js";

/**
 * PyTorch's batch normalisation also keeps the number of batches that it has measured. It only uses it if there is no
 * momentum, and `load_state_dict` requires it. Our layers have a momentum, so the number is nowhere kept: weights that are
 * averaged, measured anew or read from ONNX have no count that would mean the same.
 */
const COUNT = "num_batches_tracked";
/** The running variance of a batch normalisation, behind its name. */
export const VARIANCE = "running_var";

/** A state_dict as PyTorch expects it: with a count, of 0, behind the statistics of each batch normalisation. */
export function withBatchCounts(tensors: NamedTensors): NamedTensors {
  return new Map(
    [...tensors].flatMap(([name, tensor]) => {
      if (!name.endsWith(`.${VARIANCE}`)) return [[name, tensor]];
      const count = { shape: [], data: BigInt64Array.of(0n) };
      return [
        [name, tensor],
        [name.slice(0, -VARIANCE.length) + COUNT, count],
      ];
    }),
  );
}

/** The tensors without these counts. */
export function withoutBatchCounts(tensors: NamedTensors): NamedTensors {
  return new Map([...tensors].filter(([name]) => !name.endsWith(`.${COUNT}`)));
}
