import { beforeEach, describe, expect, it, vi } from "vitest";
import { readFields } from "../address/fields.js";
import { RECIPE_NAMES, trainFields } from "../address/trainFields.js";

const fields = (query: string) => readFields(trainFields, query);
const info = { description: "", device: "", vendor: "nvidia", architecture: "hopper", isFallbackAdapter: false };

describe("the graphics card", () => {
  beforeEach(() => {
    vi.resetModules();
    vi.unstubAllGlobals();
  });

  /** Asks for the card of a browser. */
  async function cardOf(gpu: unknown) {
    vi.stubGlobal("navigator", { gpu });
    const { askGraphicsCard, graphicsCard, runnable } = await import("./graphicsCard.js");
    await askGraphicsCard();
    return { card: graphicsCard.value, runnable };
  }

  it("is named as well as the browser tells", async () => {
    const named = (description: string) =>
      cardOf({ requestAdapter: async () => ({ info: { ...info, description } }) }).then(({ card }) => card);
    expect(await named("NVIDIA H100")).toEqual({ type: "there", name: "NVIDIA H100", isSoftware: false });
    vi.resetModules();
    expect(await named("")).toEqual({ type: "there", name: "nvidia hopper", isSoftware: false });
  });

  it.each([
    ["webgpu", undefined],
    ["adapter", { requestAdapter: async () => null }],
    ["adapter", { requestAdapter: () => Promise.reject(new Error("no")) }],
  ])("is absent for want of %s", async (why, gpu) => {
    const { card, runnable } = await cardOf(gpu);
    expect(card).toEqual({ type: "none", why });
    expect(runnable(fields("device=gpu&networks=64"))).toMatchObject({ device: "cpu", networks: 16 });
  });

  it("trains more networks than the processor", async () => {
    const { runnable } = await cardOf({ requestAdapter: async () => ({ info }) });
    expect(runnable(fields("device=gpu&networks=64"))).toMatchObject({ device: "gpu", networks: 64 });
    expect(runnable(fields("networks=64"))).toMatchObject({ device: "cpu", networks: 16 });
    expect(runnable(fields("networks=3"))).toMatchObject({ networks: 3 });
  });

  it.each(RECIPE_NAMES)("trains the recipe %s", async (recipe) => {
    const { runnable } = await cardOf({ requestAdapter: async () => ({ info }) });
    expect(runnable(fields(`device=gpu&recipe=${recipe}`))).toMatchObject({ recipe, device: "gpu" });
  });
});
