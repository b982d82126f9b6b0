import { type ReadonlySignal, signal } from "@preact/signals";
import type { RunFields } from "./settings.js";

/** A graphics card that WebGPU offers, or why there is none. */
export type GraphicsCard =
  | {
      readonly type: "there";
      readonly name: string;
      /** Whether the processor only plays the card. */
      readonly isSoftware: boolean;
    }
  | { readonly type: "none"; readonly why: "webgpu" | "adapter" };

const current = signal<GraphicsCard | undefined>(undefined);

/** The graphics card to train on; undefined until the browser has answered. */
export const graphicsCard: ReadonlySignal<GraphicsCard | undefined> = current;

/** Asks the browser for a graphics card; done once. */
export async function askGraphicsCard(): Promise<void> {
  current.value ??= await findCard();
}

async function findCard(): Promise<GraphicsCard> {
  // Also undefined in pages that are neither local nor served by https.
  const gpu = navigator.gpu as GPU | undefined;
  if (!gpu) return { type: "none", why: "webgpu" };
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (!adapter) return { type: "none", why: "adapter" };
  const { description, device, vendor, architecture, isFallbackAdapter } = adapter.info;
  const name = description || device || [vendor, architecture].filter(Boolean).join(" ") || "WebGPU";
  return { type: "there", name, isSoftware: isFallbackAdapter };
}

/** The most networks to train side by side. The processor computes one after another. */
export const MOST_NETWORKS = { cpu: 16, gpu: 64 } as const;

/** The settings as they can be trained here: on a device that is there, with as many networks as it may have. */
export function runnable(fields: RunFields): RunFields {
  const device = fields.device === "gpu" && current.value?.type === "there" ? "gpu" : "cpu";
  const networks = Math.min(fields.networks, MOST_NETWORKS[device]);
  // The seeds count up, and every one must be exact.
  return { ...fields, device, networks, seed: Math.min(fields.seed, Number.MAX_SAFE_INTEGER - networks + 1) };
}
