import { type WeightsFormat, writeWeights } from "../../../src/formats/weightFiles.js";
import type { ModelMetadata, TrainingFacts } from "../../../src/model/index.js";
import type { Network } from "../../state/currentNetwork.js";
import type { Run } from "../../state/run.js";
import { runs } from "../../state/runs.js";
import { configOf } from "./browserRun.js";

/** A network as the bytes of a weights file, with all known metadata. */
export function networkFile(network: Network, format: WeightsFormat): Uint8Array {
  const { model, parameters, normalization } = network;
  return writeWeights({ model, parameters, normalization, metadata: metadataOf(network) }, format);
}

/** The file name of a network's weights, without extension. */
export function fileStem({ origin }: Network): string {
  if (origin.type === "file") return origin.name.replace(/\.\w+$/, "");
  return `lenet-run-${origin.number}${origin.seed === undefined ? "" : `-seed-${origin.seed}`}`;
}

function metadataOf({ origin, model, normalization, classes, metadata }: Network): ModelMetadata {
  const run = origin.type === "run" ? runs.peek().find(({ number }) => number === origin.number) : undefined;
  if (!run) return metadata ?? { model, normalization, classes };
  const { recipe, settings } = run;
  const { data } = configOf(run, run.member.peek());
  return {
    model,
    normalization,
    classes,
    framing: { resize: data.resize, background: data.background },
    recipe: recipe.name,
    data: settings.data.parts.train.name,
    ...outcomeOf(run),
  };
}

/** The validation result of the weights, if these weights were the ones validated. */
function outcomeOf({ recipe, status, member }: Run): Partial<TrainingFacts> {
  const { weights, epochs } = member.peek();
  // With averaging, only the final weights are the average, which is what was validated.
  const areValidated = recipe.averaging === null || status.peek() === "done";
  const record = areValidated ? epochs.peek().find(({ epoch }) => epoch === weights.peek()?.epoch) : undefined;
  if (!record) return {};
  return { epoch: record.epoch, validationAccuracy: record.validationAccuracy };
}
