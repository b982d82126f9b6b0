import { availableParallelism, cpus } from "node:os";
import { Command } from "commander";
import { supportsFusedArithmetic } from "../../engine/wasm/features.js";
import { enableFusedArithmetic } from "../../node/threads.js";
import { findCards, type GraphicsCard } from "../../node/webgpu.js";
import { fasterDevice } from "../device.js";
import { messages } from "../messages/index.js";
import { jsonOption } from "../options.js";
import { printableLines, toJson } from "../text.js";

const texts = messages.devices;

/** What a command can compute on, as `--json` prints it. */
interface Devices {
  readonly processor: { readonly name: string; readonly threads: number; readonly arithmetic: string };
  /** The one that is used first. */
  readonly graphicsCards: readonly GraphicsCard[];
  /** Why there are none. */
  readonly missing?: string;
}

/** `lenet devices`: lists what --device can choose. */
export function devicesCommand(): Command {
  return new Command("devices")
    .description("list the processor and the graphics cards that --device can choose")
    .addOption(jsonOption())
    .action(async ({ json }: { readonly json?: boolean }) => {
      const devices = await listDevices();
      process.stdout.write(json ? `${toJson(devices, 2)}\n` : printableLines(formatDevices(devices)));
    });
}

async function listDevices(): Promise<Devices> {
  enableFusedArithmetic();
  const found = await findCards();
  return {
    processor: {
      name: cpus()[0]?.model.trim() ?? "unknown",
      threads: availableParallelism(),
      arithmetic: supportsFusedArithmetic() ? "wasm-fused" : "wasm-portable",
    },
    graphicsCards: "cards" in found ? found.cards : [],
    ...("missing" in found && { missing: found.missing }),
  };
}

/** Enough for a graphics card to be worth its start. */
const LARGE_WORK = { images: 1e7, batchSize: 32 };

function formatDevices({ processor, graphicsCards, missing }: Devices): string {
  const { name, threads, arithmetic } = processor;
  const { device, reason } = fasterDevice(LARGE_WORK, graphicsCards[0]);
  const lines = [
    `cpu   ${texts.processor(name, threads, arithmetic)}`,
    ...graphicsCards.map((card, place) => `${place === 0 ? "gpu " : "    "}  ${describe(card)}`),
    ...(missing === undefined ? [] : [`gpu   ${texts.noCard(missing)}`]),
    `auto  ${texts.auto(device, reason)}`,
  ];
  return `${lines.join("\n")}\n`;
}

function describe({ name, driver, backend, isSoftware, workgroupBytes, bufferBytes }: GraphicsCard): string {
  const facts = [
    ...(isSoftware ? [texts.software] : []),
    ...(backend === undefined ? [] : [backend]),
    ...(driver === undefined ? [] : [texts.driver(driver)]),
    texts.workgroup(Math.floor(workgroupBytes / 1024)),
    texts.buffers(Math.floor(bufferBytes / 2 ** 20).toLocaleString("en-US")),
  ];
  return `${name}: ${facts.join(", ")}`;
}
