import { expect, it } from "vitest";
import { drawPlacements } from "../src/data/augmentation.js";
import { PLACEMENT_WORDS } from "../src/data/placement.js";
import { packDraw, SPREADS, spreadsOf } from "../src/engine/placementDraws.js";
import { ModuleBuilder } from "../src/engine/wasm/assembler/index.js";
import { emitDrawPlacement, StaticData } from "../src/engine/wasm/kernels/index.js";
import { CASES, drawnImages, SEEDS } from "./support/placements.js";

const DRAWS = 20_000;
const [WORDS, SPREADS_AT, PLACEMENT_AT] = [0, 64, 128];

it.each(CASES)("placements drawn in WebAssembly have the words of the host: %s", (_, augmentation, size) => {
  const module = new ModuleBuilder();
  const context = { module, data: new StaticData(1024), fused: false };
  const draw = emitDrawPlacement(context, "draw", size, { words: WORDS, spreads: SPREADS_AT });
  module.function("run", { image: "i32" }, (code, { image }) => code.call(draw, image, PLACEMENT_AT), {
    exported: true,
  });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const bytes = module.encode({ pages: 1, shared: false });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { environment: { memory } });
  const run = instance.exports.run as (image: number) => void;
  const actual = new Int32Array(memory.buffer, PLACEMENT_AT, PLACEMENT_WORDS);
  const expected = new Int32Array(PLACEMENT_WORDS);
  const images = drawnImages(DRAWS);
  for (const [index, seed] of SEEDS.entries()) {
    const settings = { augmentation, seed, epoch: index * 99 + 1 };
    packDraw(settings, size, new Uint32Array(memory.buffer, WORDS));
    new Float64Array(memory.buffer, SPREADS_AT, SPREADS.length).set(spreadsOf(settings, size));
    for (let place = 0; place < DRAWS; place++) {
      run(images[place]);
      drawPlacements(settings, size, images, place, place + 1, expected);
      const wrong = actual.findIndex((word, at) => word !== expected[at]);
      if (wrong >= 0)
        expect.fail(`seed ${seed}, image ${images[place]}: word ${wrong} is ${actual[wrong]}, not ${expected[wrong]}`);
    }
  }
});
