import type { NamedTensors, Tensor } from "../model/index.js";
import type { TrainingState } from "../training/epochs.js";
import { type Check, checked, number, object, oneOf, optional, texts, whole } from "./checks.js";
import { FormatError } from "./errors.js";
import { parsedJson } from "./json.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

const VERSION = 1;

/** What a checkpoint holds besides tensors. */
interface State {
  readonly version: typeof VERSION;
  readonly epoch: number;
  readonly bestEpoch: number;
  readonly bestValidationAccuracy: number;
  readonly identity?: Readonly<Record<string, string>>;
}

const checkState: Check<State> = object<State>({
  version: oneOf([VERSION]),
  epoch: whole({ least: 1 }),
  bestEpoch: whole({ least: 1 }),
  bestValidationAccuracy: number(),
  identity: optional(texts),
});

/** A training's state after an epoch, as a checkpoint holds it. */
export interface Checkpoint extends TrainingState {
  /** What the training's bits depend on: a hash for each part. Omitted by early versions. */
  readonly identity?: Readonly<Record<string, string>>;
}

/** Prefixes of the tensors' names. `average` occurs only if the training averages its parameters. */
const PREFIXES = {
  parameters: "parameters.",
  first: "first.",
  second: "second.",
  average: "average.",
  best: "best.",
} as const;

/** The last tensor of a checkpoint file: zeros, to be replaced by the checksum of all bytes before it. */
export const CHECKSUM = { tensor: "sha256", bytes: 32 } as const;

/** Writes a training's state after an epoch as a safetensors file. The checksum is left as zeros. */
export function writeCheckpoint({ epoch, parameters, optimizer, best, identity }: Checkpoint): Uint8Array {
  const tensors = new Map<string, Tensor>([
    ...prefixed(PREFIXES.parameters, parameters),
    ...prefixed(PREFIXES.first, optimizer.first),
    ...prefixed(PREFIXES.second, optimizer.second),
    ...(optimizer.average ? prefixed(PREFIXES.average, optimizer.average) : []),
    ...prefixed(PREFIXES.best, best.parameters),
    [CHECKSUM.tensor, { shape: [CHECKSUM.bytes], data: new Uint8Array(CHECKSUM.bytes) }],
  ]);
  const state: State = {
    version: VERSION,
    epoch,
    bestEpoch: best.epoch,
    bestValidationAccuracy: best.validationAccuracy,
    identity,
  };
  return writeSafetensors(tensors, { checkpoint: JSON.stringify(state) });
}

/** @throws FormatError if the bytes are not a checkpoint. Whether its checksum is right is left to the caller */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata.checkpoint === undefined) throw new FormatError("it is a safetensors file, but not a checkpoint");
  const what = "the checkpoint's state";
  const state = checked(checkState, parsedJson(metadata.checkpoint, what), what);
  requireKnownTensors(tensors, state.identity !== undefined);
  const moments = { first: withPrefix(tensors, PREFIXES.first), second: withPrefix(tensors, PREFIXES.second) };
  const average = withPrefix(tensors, PREFIXES.average);
  return {
    epoch: state.epoch,
    parameters: withPrefix(tensors, PREFIXES.parameters),
    optimizer: average.size > 0 ? { ...moments, average } : moments,
    best: {
      epoch: state.bestEpoch,
      validationAccuracy: state.bestValidationAccuracy,
      parameters: withPrefix(tensors, PREFIXES.best),
    },
    ...(state.identity && { identity: state.identity }),
  };
}

/** Otherwise a damaged name could hide the checksum. Only checkpoints of early versions, without identity, lack it. */
function requireKnownTensors(tensors: NamedTensors, hasIdentity: boolean): void {
  const prefixes = Object.values(PREFIXES);
  for (const name of tensors.keys()) {
    const isKnown = name === CHECKSUM.tensor || prefixes.some((prefix) => name.startsWith(prefix));
    if (!isKnown) throw new FormatError(`the checkpoint has an unknown tensor "${name}"`);
  }
  if (hasIdentity && !tensors.has(CHECKSUM.tensor)) throw new FormatError("the checkpoint has no checksum");
}

function prefixed(prefix: string, tensors: NamedTensors<Float32Array>) {
  return [...tensors].map(([name, tensor]) => [prefix + name, tensor] as const);
}

function withPrefix(tensors: NamedTensors, prefix: string): NamedTensors<Float32Array> {
  return new Map(
    [...tensors].flatMap(([name, { shape, data }]) => {
      if (!name.startsWith(prefix)) return [];
      if (!(data instanceof Float32Array)) throw new FormatError(`the checkpoint's tensor ${name} is not float32`);
      return [[name.slice(prefix.length), { shape, data }]];
    }),
  );
}
