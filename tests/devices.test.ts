import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { type RunOptions, runProgram } from "./support/program.js";
import { WEBGPU_HOOK } from "./support/webgpu.js";

// What needs no graphics card: packages `webgpu` that have none, or crash.

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-devices-"));
  await writeDigitFiles(inFolder("few"), { train: 40, test: 10 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const inFolder = (...names: string[]) => join(folder, ...names);
const lenet = (args: string, options?: RunOptions) => runProgram(folder, args.split(" "), options);
const readConfig = async (run: string) => JSON.parse(await readFile(inFolder(run, "config.json"), "utf8"));
const SETTINGS = "--data ./few --epochs 2 --batch 16 --quiet";
const ALOUD = SETTINGS.replace(" --quiet", "");

/** Installs a package `webgpu` with this code, and returns the options to run the program with it. */
async function withPackage(name: string, code: string): Promise<RunOptions> {
  await mkdir(inFolder(name), { recursive: true });
  await writeFile(inFolder(name, "package.json"), JSON.stringify({ name: "webgpu", type: "module" }));
  await writeFile(inFolder(name, "index.js"), code);
  return { env: { LENET_WEBGPU: inFolder(name), NODE_OPTIONS: `--import ${WEBGPU_HOOK}` } };
}

/** No card, and a driver that complains. */
const NOTHING = `
export const create = () => {
  process.stderr.write("Warning: no drivers\\n");
  return { requestAdapter: async () => null };
};`;

/** A card whose device does what the code says. */
const cardThat = (requestDevice: string) => `
const limits = { maxComputeWorkgroupStorageSize: 49152, maxStorageBufferBindingSize: 2 ** 31, maxBufferSize: 2 ** 31 };
const info = { vendor: "acme", architecture: "one", device: "acme-one-", description: "driver 1.0", isFallbackAdapter: false };
const adapter = { info, limits, requestDevice: async () => { ${requestDevice} } };
export const create = ([option] = []) => ({
  requestAdapter: async () => {
    if (option === "adapter=?") throw new Error("no suitable backends found\\n * backend: 'vulkan', name: 'Acme One'");
    return adapter;
  },
});`;

describe("without the package webgpu", () => {
  it("says how to install it if a graphics card is asked for", async () => {
    const told = "lenet: --device gpu is not possible: WebGPU in Node needs an optional package: npm install webgpu\n";
    for (const args of [`train ${SETTINGS} --out none --device gpu`, "verify few --device gpu"]) {
      expect(await lenet(args)).toMatchObject({ code: 1, stderr: told });
    }
  });

  it("trains on the processor without a word, and lists it alone", async () => {
    const { code, stdout, stderr } = await lenet(`train ${SETTINGS} --out quiet`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toContain("device");
    const listed = JSON.parse((await lenet("devices --json")).stdout);
    expect(listed).toMatchObject({ graphicsCards: [], missing: expect.stringContaining("npm install webgpu") });
    expect(listed.processor.arithmetic).toBe((await readConfig("quiet")).arithmetic);
  });
});

describe("with the package webgpu", () => {
  it("says that there is no graphics card, or trains on the processor and says why", async () => {
    const options = await withPackage("nothing", NOTHING);
    const asked = await lenet(`train ${SETTINGS} --out none --device gpu`, options);
    expect(asked).toMatchObject({
      code: 1,
      stderr: "lenet: --device gpu is not possible: WebGPU finds no graphics card: is its driver installed?\n",
    });
    const little = await lenet(`train ${ALOUD} --out little`, options);
    expect(little).toMatchObject({ code: 0, stderr: "" });
    expect(little.stdout).toMatch(
      /^device: the processor, because the work is done before a graphics card would have started$/m,
    );
  });

  it("lists cards with driver, backend and limits", async () => {
    const options = await withPackage("card", cardThat("throw new Error()"));
    expect(JSON.parse((await lenet("devices --json", options)).stdout).graphicsCards).toEqual([
      {
        name: "acme-one",
        driver: "driver 1.0",
        isSoftware: false,
        workgroupBytes: 49152,
        bufferBytes: 2 ** 31,
        backend: "vulkan",
      },
    ]);
    const { stdout } = await lenet("devices", options);
    expect(stdout).toMatch(
      /^gpu {3}acme-one: vulkan, driver: driver 1.0, 48 kB a workgroup, buffers of up to 2,048 MB$/m,
    );
    expect(stdout).toMatch(/^auto {2}trains long runs on the graphics card: /m);
  });

  it("survives a driver that crashes while it looks for cards", async () => {
    const options = await withPackage("crashing", "export const create = () => process.abort();");
    const { code, stderr } = await lenet(`train ${SETTINGS} --out none --device gpu`, options);
    expect(code).toBe(1);
    expect(stderr).toBe(
      "lenet: --device gpu is not possible: the package webgpu crashed while it looked for graphics cards (SIGABRT)\n",
    );
    expect(await lenet(`train ${SETTINGS} --out survived`, options)).toMatchObject({ code: 0, stderr: "" });
  });

  it("says in one line that the driver crashed in training, and that a device is not to be had", async () => {
    const crashing = await withPackage("crash", cardThat("process.abort();"));
    const crashed = await lenet(`train ${SETTINGS} --out none --device gpu`, crashing);
    expect(crashed.code).toBe(1);
    expect(lines(crashed.stderr).at(-1)).toBe(
      "lenet: the driver of the graphics card, or the package webgpu, crashed (SIGABRT); use --device cpu",
    );
    const failing = await withPackage("failing", cardThat('throw new Error("no device left");'));
    expect(await lenet(`train ${SETTINGS} --out none --device gpu`, failing)).toMatchObject({
      code: 1,
      stderr: "lenet: no device left\n",
    });
  });

  it("passes wrong usage and Ctrl-C on, and says why it does not take a card", async () => {
    const options = await withPackage("nothing", NOTHING);
    const wrong = await lenet("train --device gpu --epochs none", options);
    expect(wrong.code).toBe(2);
    const long = "train --data ./few --epochs 10000 --batch 16 --out long";
    const { code, stdout, stderr } = await lenet(long, {
      ...options,
      onOutput: (text, child) => {
        if (text.includes("epoch     3/")) child.kill("SIGINT");
      },
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /^lenet: interrupted after epoch \d+ of 10000; resume with: npx lenet train --resume long\n$/,
    );
    expect(stdout).toMatch(
      /^device: the processor, because WebGPU finds no graphics card: is its driver installed\?$/m,
    );
  });
});

describe("a run that was trained on a graphics card", () => {
  /** A run without an epoch so far, whose config says that a card trains it. */
  async function runOfCard(name: string): Promise<void> {
    await lenet(`train ${SETTINGS} --out ${name}-model`);
    const card = { name: "acme-one", driver: "driver 1.0" };
    const config = {
      ...(await readConfig(`${name}-model`)),
      arithmetic: "webgpu acme one acme-one-",
      kernels: 1,
      card,
    };
    await mkdir(inFolder(name));
    await writeFile(inFolder(name, "config.json"), JSON.stringify(config));
  }

  it("is not resumed elsewhere by itself", async () => {
    await runOfCard("stays");
    const before = await readConfig("stays");
    const { code, stderr } = await lenet("train --resume stays");
    expect(code).toBe(1);
    expect(stderr).toBe(
      "lenet: --device gpu is not possible: WebGPU in Node needs an optional package: npm install webgpu\n",
    );
    expect(await readConfig("stays")).toEqual(before);
  });

  it("moves to the processor if told to, which its config and its report note", async () => {
    await runOfCard("moves");
    const { code, stdout, stderr } = await lenet("train --resume moves --device cpu");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^moving from acme-one \(driver 1.0\) to wasm-\w+ arithmetic \(kernels 2\) after epoch 0: the result differs /m,
    );
    const { earlierDevices, card, arithmetic } = await readConfig("moves");
    expect(earlierDevices).toEqual([
      {
        lastEpoch: 0,
        arithmetic: "webgpu acme one acme-one-",
        kernels: 1,
        card: { name: "acme-one", driver: "driver 1.0" },
      },
    ]);
    expect([card, arithmetic]).toEqual([undefined, expect.stringMatching(/^wasm-/)]);
    expect(await readFile(inFolder("moves", "report.html"), "utf8")).toContain("acme-one (driver 1.0) to epoch 0");
  });
});

const lines = (text: string) => text.trimEnd().split("\n");
