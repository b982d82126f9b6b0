import { Option } from "commander";
import type { Backend } from "../engine/backend.js";
import type { Arithmetic } from "../engine/wasm/features.js";
import { webgpuBackend } from "../engine/webgpu/webgpuBackend.js";
import { processorBackend } from "../node/threads.js";
import { chosenCard, findCards, type GraphicsCard, hasWebgpu, nodeGpu } from "../node/webgpu.js";
import { messages } from "./messages/index.js";
import type { Reporter } from "./terminal.js";

/** Where to compute, as the user says it. */
export const DEVICE_CHOICES = ["auto", "cpu", "gpu"] as const;
export type DeviceChoice = (typeof DEVICE_CHOICES)[number];

/** A command keeps the default apart from `auto`, because resuming a run stays on its device by default. */
export const deviceOption = (defaultText = "auto") =>
  new Option(
    "--device <where>",
    `compute on the processor (cpu), on a graphics card (gpu), or where it is faster (auto) (default: ${defaultText})`,
  ).choices(DEVICE_CHOICES);

/** What is to be computed. */
export interface Work {
  /** How many images pass through each network, in training. */
  readonly images: number;
  readonly batchSize: number;
  /** The networks that are trained side by side. Default: 1. */
  readonly networks?: number;
}

/**
 * A card is started, and its shaders are compiled, in about the time in which two cores train on so many images. A
 * training step of 32 takes them 0.6 ms, and a card 0.1 ms.
 */
const IMAGES_WORTH_STARTING = 100_000;
/** A step keeps a card busy for 0.1 ms at least; for so many samples, the processor takes no longer. */
const SAMPLES_WORTH_STARTING = 8;

/** The device that is faster for a work, and why. */
export function fasterDevice(
  { images, batchSize, networks = 1 }: Work,
  card: Pick<GraphicsCard, "isSoftware"> | undefined,
): { readonly device: "cpu" | "gpu"; readonly reason: string } {
  if (!card) return { device: "cpu", reason: messages.deviceReasons.noCard };
  if (card.isSoftware) return { device: "cpu", reason: messages.deviceReasons.softwareCard };
  if (batchSize * networks < SAMPLES_WORTH_STARTING) {
    return { device: "cpu", reason: messages.deviceReasons.smallSteps(batchSize * networks) };
  }
  if (images * networks < IMAGES_WORTH_STARTING) {
    return { device: "cpu", reason: messages.deviceReasons.littleWork };
  }
  return { device: "gpu", reason: messages.deviceReasons.faster };
}

/** A device to compute on. */
export interface Device {
  /** The graphics card; undefined: the processor. */
  readonly card?: GraphicsCard;
  /** @param processor how the processor computes; a card ignores it */
  backend(batchSize: number, processor?: ProcessorOptions): Backend;
}

/** How the processor computes. */
export interface ProcessorOptions {
  /** Default: one per core. */
  readonly threads?: number;
  /** Default: fused where that is real. */
  readonly arithmetic?: Arithmetic;
}

/** The processor. */
export const PROCESSOR: Device = {
  backend: (batchSize, { threads, arithmetic } = {}) => processorBackend(batchSize, threads, arithmetic),
};

/**
 * Opens the device that the user chooses. `auto` says what it takes and why, unless there is nothing to choose from.
 *
 * @param arithmetic if given, `auto` takes the processor
 * @param work undefined: too little for a graphics card, whatever it is
 * @throws Error if it is to be a graphics card and there is none, saying what to do
 */
export async function openDevice(
  { device: choice = "auto", arithmetic }: { readonly device?: DeviceChoice; readonly arithmetic?: Arithmetic },
  work: Work | undefined,
  terminal: Pick<Reporter, "detail">,
): Promise<Device> {
  if (choice === "gpu" && arithmetic)
    throw new Error(`--arithmetic ${arithmetic} is for the processor: omit --device gpu`);
  if (choice === "cpu" || arithmetic || (choice === "auto" && !hasWebgpu())) return PROCESSOR;
  if (choice === "auto") {
    const { device, reason } = work ? await fasterForWork(work) : SMALL_WORK;
    terminal.detail(messages.device(device, reason));
    if (device === "cpu") return PROCESSOR;
  }
  return openCard();
}

const SMALL_WORK = { device: "cpu", reason: messages.deviceReasons.smallWork } as const;

async function fasterForWork(work: Work): Promise<ReturnType<typeof fasterDevice>> {
  const onAnyCard = fasterDevice(work, { isSoftware: false });
  if (onAnyCard.device === "cpu") return onAnyCard;
  const found = await findCards();
  return "missing" in found ? { device: "cpu", reason: found.missing } : fasterDevice(work, found.cards[0]);
}

async function openCard(): Promise<Device> {
  const found = await findCards();
  if ("missing" in found) throw new Error(`--device gpu is not possible: ${found.missing}`);
  const gpu = await nodeGpu();
  const card = await chosenCard(gpu);
  const backend = webgpuBackend({ gpu });
  return { card, backend: () => backend };
}

/** A card in words: its name and driver. */
export function describeCard({ name, driver, isSoftware }: GraphicsCard): string {
  return `${isSoftware ? "software graphics card" : "graphics card"} ${name}${driver === undefined ? "" : ` (${driver})`}`;
}
