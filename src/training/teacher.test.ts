import { describe, expect, it } from "vitest";
import { AUGMENTATIONS, type AugmentationDraw } from "../data/augmentation.js";
import { generateDigits } from "../data/digits.js";
import { wasmBackend } from "../engine/wasm/wasmBackend.js";
import { initializeParameters, lenet5, type Weights } from "../model/index.js";
import { RECIPES } from "./recipes/recipes.js";
import { openTeacher, tableBytes } from "./teacher.js";

const digits = generateDigits({ seed: 1, count: 40, part: "train" });
const BACKEND = wasmBackend();

function network(seed: number, classes = 10, size = 28): Weights {
  const model = lenet5({ ...RECIPES.improved, input: { channels: 1, height: size, width: size }, classes });
  return { model, parameters: initializeParameters(model, seed), normalization: { mean: [0.5], std: [0.5] } };
}

const indices = Uint32Array.of(3, 11, 5, 3, 39, 0, 17);
const drawOf = (augmentation: AugmentationDraw["augmentation"], epoch = 1) => ({ augmentation, seed: 7, epoch });

/** The logits that the network's engine computes for placements. */
async function predicted({ model, parameters, normalization }: Weights, draw: AugmentationDraw | undefined) {
  const engine = await BACKEND.compile([{ model, normalization }], { batchSize: 32 });
  await engine.setParameters(parameters);
  const images = await engine.load({ pixels: digits.images });
  const { data } = await engine.predict(images, { indices, placements: draw });
  engine.dispose();
  return data;
}

describe.each(["none", "light", "tutorial"] as const)("a teacher of images with the augmentation %s", (name) => {
  const augmentation = AUGMENTATIONS[name];
  const draw = name === "none" ? undefined : drawOf(augmentation);

  it("answers with its network's logits, again and again", async () => {
    const teacher = await openTeacher({ networks: [network(1)] }, digits, augmentation, BACKEND);
    const expected = await predicted(network(1), draw);
    for (let time = 0; time < 2; time++) expect(await teacher.logits(indices, draw)).toEqual(expected);
    teacher.dispose();
  });

  it("answers the same whatever it was asked before, and for any part of a slice", async () => {
    const source = { networks: [network(1), network(2)] };
    const whole = await openTeacher(source, digits, augmentation, BACKEND);
    const expected = await whole.logits(indices, draw);
    const again = await openTeacher(source, digits, augmentation, BACKEND, whole.table?.slice());
    expect(await again.logits(indices, draw)).toEqual(expected);
    const parts = await openTeacher(source, digits, augmentation, BACKEND);
    await parts.logits(Uint32Array.of(39, 8), draw);
    for (const [place, index] of indices.entries()) {
      const one = await parts.logits(Uint32Array.of(index), draw);
      expect(one).toEqual(expected.subarray(place * 10, (place + 1) * 10));
    }
    for (const teacher of [whole, again, parts]) teacher.dispose();
  });
});

it("averages the logits of several networks", async () => {
  const teacher = await openTeacher({ networks: [network(1), network(2)] }, digits, AUGMENTATIONS.none, BACKEND);
  const [one, other] = [await predicted(network(1), undefined), await predicted(network(2), undefined)];
  const mean = await teacher.logits(indices, undefined);
  mean.forEach((value, place) => {
    expect(value).toBeCloseTo((one[place] + other[place]) / 2, 6);
  });
  teacher.dispose();
});

it("keeps each image in each of the 18 variants of a crop by one pixel and a flip", async () => {
  const augmentation = { ...AUGMENTATIONS.light, cropPadding: 1 };
  expect(tableBytes(digits, augmentation)).toBe(18 * 40 * 10 * 4);
  expect(tableBytes(digits, AUGMENTATIONS.tutorial)).toBe(Number.POSITIVE_INFINITY);
  const teacher = await openTeacher({ networks: [network(1)] }, digits, augmentation, BACKEND);
  const known = () => teacher.table!.filter((value) => !Number.isNaN(value)).length / 10;
  expect(teacher.table).toHaveLength(18 * 40 * 10);
  expect(known()).toBe(0);
  await teacher.logits(Uint32Array.of(1, 2, 3), drawOf(augmentation));
  expect(known()).toBe(3);
  const all = Uint32Array.from({ length: 40 }, (_, index) => index);
  for (let epoch = 1; epoch <= 300; epoch++) await teacher.logits(all, drawOf(augmentation, epoch));
  expect(known()).toBe(18 * 40);
  teacher.dispose();
});

it("takes the logits of each image from soft labels", async () => {
  const logits = Float32Array.from({ length: 400 }, (_, index) => index);
  const teacher = await openTeacher({ logits }, digits, AUGMENTATIONS.tutorial, BACKEND);
  expect([...(await teacher.logits(Uint32Array.of(2, 0), drawOf(AUGMENTATIONS.tutorial)))]).toEqual([
    20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
  ]);
});

it.each([
  ["there is no teacher", { networks: [] }],
  ["the teacher takes images of 1x32x32, but those of digits are 1x28x28", { networks: [network(1, 10, 32)] }],
  ["the teacher has 4 classes, but digits has 10", { networks: [network(1, 4)] }],
  ["there are 30 soft labels, but 40 images of digits and 10 classes need 400", { logits: new Float32Array(30) }],
  ["the soft labels have 40 classes, but digits has 10", { logits: new Float32Array(400), classes: 40 }],
  [
    'class 1 is "1" in digits, but "one" in the teacher',
    { networks: [{ ...network(1), metadata: { ...network(1), classes: ["0", "one", ..."23456789"] } }] },
  ],
])("refuses: %s", async (message, source) => {
  await expect(openTeacher(source, digits, AUGMENTATIONS.none, BACKEND)).rejects.toThrow(new RangeError(message));
});
