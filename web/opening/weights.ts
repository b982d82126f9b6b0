import { UnseenNeededError } from "../../src/formats/errors.js";
import { readWeights, type UnseenInTensors } from "../../src/formats/weights.js";
import { classCount, fingerprint, inferShapes, type Weights } from "../../src/model/index.js";
import type { Network } from "../state/currentNetwork.js";

/**
 * Reads a file of weights.
 *
 * @param ask asks what the file does not say of its model; undefined where it is not answered
 * @returns undefined where it was asked for and not answered
 * @throws FormatError with one line where the file is damaged, refused, or no LeNet-5's
 */
export async function openWeights(
  bytes: Uint8Array,
  ask: () => Promise<UnseenInTensors | undefined>,
): Promise<Weights | undefined> {
  try {
    return readWeights(bytes);
  } catch (error) {
    if (!(error instanceof UnseenNeededError)) throw error;
  }
  const unseen = await ask();
  return unseen && readWeights(bytes, unseen);
}

/**
 * Weights as the views show them; classes without names are numbered.
 *
 * @param origin what was opened
 */
export async function networkOf(
  { number, name }: { readonly number: number; readonly name: string },
  weights: Weights,
): Promise<Network> {
  const { model, parameters, normalization, metadata } = weights;
  const classes = metadata?.classes ?? Array.from({ length: classCount(inferShapes(model)) }, (_, index) => `${index}`);
  return {
    origin: { type: "file", number, name },
    model,
    parameters,
    classes,
    normalization,
    metadata,
    fingerprint: await fingerprint(model, parameters),
  };
}
