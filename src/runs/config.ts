import { parseJson } from "../formats/json.js";
import type { Framing, Model } from "../model/index.js";
import type { Recipe } from "../training/recipes/recipes.js";
import { anyConfigSchema } from "./configSchema.js";
import { RUN_FILES } from "./runFolderFiles.js";

/** Everything needed to repeat a run. */
export interface RunConfig {
  /** The versions used for the run. */
  readonly versions: {
    readonly lenet: string;
    /** For a run in Node. */
    readonly node?: string;
    readonly v8?: string;
    /** The user agent, for a run in a browser. */
    readonly browser?: string;
  };
  readonly startedAt: string;
  /** `epochs` includes extensions of the run. */
  readonly recipe: Recipe;
  /**
   * The epochs after which the finished run was extended. The schedule restarts there, over the epochs up to the next
   * end.
   */
  readonly scheduleRestarts: number[];
  /** The recipe's epochs before each of these extensions; later than the restart if the run had stopped early. */
  readonly epochsBefore?: number[];
  readonly seed: number;
  readonly model: Model;
  readonly parameterCount: number;
  /** The saved weights keep batch normalisation, instead of having it folded into their layers. */
  readonly keepBatchNorm?: boolean;
  readonly data: {
    readonly name: string;
    /** Its path, if it is not a known data set. */
    readonly path?: string;
    /** The folder named with --data-dir, if any. */
    readonly directory?: string;
    /** How its images were fitted to the model's input. */
    readonly resize: Framing["resize"];
    readonly background: Framing["background"];
    /** Of the training and validation images. */
    readonly checksum: string;
    /** How many of them, at the end, are for validation, if the data set says so. */
    readonly validationCount?: number;
    /** Of the test images, if there are any. Runs of early versions do not say. */
    readonly testChecksum?: string;
    readonly images: number;
    readonly classes: string[];
    readonly generated: boolean;
  };
  /** What the network learns from besides the labels. */
  readonly teachers?: RecordedTeacher[];
  readonly threads: number;
  /** The graphics card; absent if the processor computes. */
  readonly card?: RecordedCard;
  /** The arithmetic on which the run's bits depend, see `Engine.arithmetic`. */
  readonly arithmetic: string;
  /** The revision of its kernels, see `Engine.kernels`. Runs of version 0.1 do not say: theirs was 1. */
  readonly kernels?: number;
  /** What computed the epochs before, if the run was resumed on another device. */
  readonly earlierDevices?: {
    readonly lastEpoch: number;
    readonly card?: RecordedCard;
    readonly arithmetic: string;
    readonly kernels?: number;
  }[];
}

/** The graphics card that computed, and its driver where it is known. */
export interface RecordedCard {
  readonly name: string;
  readonly driver?: string;
}

/** A run's teacher: networks whose logits are averaged, or a file of soft labels. */
export interface RecordedTeacher {
  readonly type: "network" | "softLabels";
  readonly path: string;
  /** Of the network's model and parameters, or of the soft labels. */
  readonly checksum: string;
}

/** What a run's bits depend on besides its settings: the arithmetic, its kernels, and the card with its driver. */
export type RunDevice = Pick<RunConfig, "card" | "arithmetic" | "kernels">;

/** The first revision of the kernels, in runs that do not say. */
const FIRST_KERNELS = 1;

/** Whether two devices compute the same bits. */
export function isSameDevice(one: RunDevice, other: RunDevice): boolean {
  return (
    one.arithmetic === other.arithmetic &&
    (one.kernels ?? FIRST_KERNELS) === (other.kernels ?? FIRST_KERNELS) &&
    one.card?.name === other.card?.name &&
    one.card?.driver === other.card?.driver
  );
}

/** Whether a graphics card computes. */
export function isOnCard({ arithmetic }: Pick<RunDevice, "arithmetic">): boolean {
  return arithmetic.startsWith("webgpu");
}

/** A device in words, such as "wasm-fused arithmetic", "wasm-fused arithmetic (kernels 2)" or "h100 (driver 5.0)". */
export function describeDevice({ card, arithmetic, kernels = FIRST_KERNELS }: RunDevice): string {
  const details = [card?.driver, kernels === FIRST_KERNELS ? undefined : `kernels ${kernels}`].filter(Boolean);
  const name = card?.name ?? `${arithmetic} arithmetic`;
  return details.length === 0 ? name : `${name} (${details.join(", ")})`;
}

/** A run's settings after it moved to another device between two epochs; the earlier one is noted. */
export function withDevice(config: RunConfig, lastEpoch: number, device: RunDevice): RunConfig {
  const { card, arithmetic, kernels, earlierDevices = [] } = config;
  const before = { lastEpoch, arithmetic, kernels, ...(card && { card }) };
  return { ...config, card: undefined, ...device, earlierDevices: [...earlierDevices, before] };
}

/** Parses a run's config.json. @throws FormatError if it is invalid */
export function parseRunConfig(text: string): RunConfig {
  return parseJson(text, anyConfigSchema, RUN_FILES.config);
}
