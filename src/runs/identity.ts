import { sha256 } from "../numeric/sha256.js";
import { parseRunConfig, type RunConfig, type RunDevice } from "./config.js";

/** The hash of each part of what determines a run's bits, by the part's name in messages. */
export type RunIdentity = Readonly<Record<string, string>>;

/**
 * What determines a run's bits up to an epoch: kept in its checkpoints, and as one hash in its weights.
 *
 * @param epoch the run may have been extended after it
 */
export async function identityOf(config: RunConfig, epoch: number): Promise<RunIdentity> {
  const { recipe, scheduleRestarts, seed, model, data, teachers } = asOf(parseRunConfig(JSON.stringify(config)), epoch);
  const { checksum, classes, resize, background, validationCount = null, testChecksum = null } = data;
  const parts = {
    arithmetic: deviceIn(config, epoch),
    recipe: { ...asBefore(recipe), scheduleRestarts },
    seed,
    model,
    "training images": { checksum, classes, resize, background },
    "validation images": validationCount,
    "test images": testChecksum,
    // Runs without one are as they were before there were teachers.
    ...(teachers && { teacher: teachers.map(({ type, checksum }) => [type, checksum]) }),
  };
  const hashes = Object.entries(parts).map(async ([name, part]) => [name, await hashOf(part)] as const);
  return Object.fromEntries(await Promise.all(hashes));
}

/** A recipe without the fields that later versions added and that change nothing, so that its hash is what it was before. */
function asBefore({ batchNorm, augmentation, ...others }: RunConfig["recipe"]): object {
  const { squeeze, ...before } = augmentation;
  return { ...others, ...(batchNorm && { batchNorm }), augmentation: squeeze > 0 ? augmentation : before };
}

/** An identity as one hash. */
export function identityHash(identity: RunIdentity): Promise<string> {
  return hashOf(identity);
}

/** The parts in which two identities differ. */
export function differingParts(one: RunIdentity, other: RunIdentity): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((part) => one[part] !== other[part]);
}

/** What computed an epoch. */
function deviceIn({ arithmetic, kernels, card, earlierDevices = [] }: RunConfig, epoch: number): RunDevice {
  const device = earlierDevices.find(({ lastEpoch }) => lastEpoch >= epoch) ?? { arithmetic, kernels, card };
  return { arithmetic: device.arithmetic, kernels: device.kernels, card: device.card };
}

/** The config as it was in an epoch, before later extensions. */
function asOf(config: RunConfig, epoch: number): RunConfig {
  const { recipe, scheduleRestarts, epochsBefore = [] } = config;
  const next = scheduleRestarts.findIndex((restart) => restart >= epoch);
  if (next < 0) return config;
  return {
    ...config,
    recipe: { ...recipe, epochs: epochsBefore[next] ?? scheduleRestarts[next] },
    scheduleRestarts: scheduleRestarts.slice(0, next),
  };
}

function hashOf(value: unknown): Promise<string> {
  return sha256(new TextEncoder().encode(JSON.stringify(sorted(value))));
}

/** The value with the keys of all objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, sorted(child)]));
}
