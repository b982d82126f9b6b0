import { describe, expect, it } from "vitest";
import { readFields, writeFields } from "../../address/fields.js";
import { trainFields } from "../../address/trainFields.js";
import { Member } from "../../state/member.js";
import { recipeFor } from "../../state/settings.js";
import { conclude, diagnose, FEW_IMAGES, troublesOf } from "./diagnosis.js";

const train = { classes: [..."0123456789"] };
const record = {
  epoch: 1,
  trainLoss: 2,
  trainAccuracy: 0.1,
  validationLoss: 2,
  learningRate: 1,
  trainSeconds: 1,
  validationSeconds: 1,
};

/** The diagnosis of a run of the recipe "improved". */
function diagnosisOf(query: string, change: (member: Member) => void) {
  const fields = readFields(trainFields, query);
  const member = new Member(0, 8);
  change(member);
  const data = { parts: { train } };
  const recipe = recipeFor(fields, { ...train, generated: true } as never, 0);
  return diagnose({ recipe, settings: { fields, data }, member: { value: member } } as never)?.kind;
}

const guessing = (member: Member) => {
  member.epochs.value = [{ ...record, validationAccuracy: 0.11 }];
};
const learning = (member: Member) => {
  member.epochs.value = [{ ...record, validationAccuracy: 0.9 }];
};
const diverged = (member: Member) => {
  member.failure.value = "the training diverged";
};
const lost = (member: Member) => {
  member.latest.value = { loss: 300, accuracy: 0.1, samples: 32 };
};

describe("diagnose", () => {
  it.each([
    ["lr=10", diverged, "rateTooHigh"],
    ["lr=10", guessing, "rateTooHigh"],
    ["lr=10", lost, "rateTooHigh"],
    ["lr=10", learning, undefined],
    ["lr=10", () => {}, undefined],
    ["lr=0.000001", guessing, "rateTooLow"],
    ["lr=0.000001", learning, undefined],
    ["", guessing, undefined],
    ["", diverged, "diverged"],
  ])("with %j", (query, change, kind) => {
    expect(diagnosisOf(query, change)).toBe(kind);
  });
});

describe("troublesOf", () => {
  /** The troubles of a network with the images of each class and the counts of its validation. */
  function troubles(data: string, perClass: readonly number[], confusion: readonly number[], change = learning) {
    const member = new Member(0, 8);
    change(member);
    member.confusion.value = Uint32Array.from(confusion);
    const labels = perClass.flatMap((count, label) => Array(count).fill(label));
    const parts = { train: { classes: ["cat", "dog"], labels } };
    return troublesOf({ settings: { fields: { data }, data: { parts } }, member: { value: member } } as never);
  }
  const both = [50, 50];

  it("suggests settings that the address can have", () => {
    expect(
      readFields(trainFields, writeFields(trainFields, { ...readFields(trainFields, ""), ...FEW_IMAGES })),
    ).toMatchObject(FEW_IMAGES);
  });

  it("finds nothing wrong with a network that does well", () => {
    expect(troubles("own", both, [45, 5, 5, 45])).toEqual([]);
  });

  it("finds classes with few images, only in own pictures", () => {
    expect(troubles("own", [50, 7], [5, 0, 0, 5])).toEqual([{ kind: "fewImages", name: "dog", count: 7 }]);
    expect(troubles("digits", [50, 7], [5, 0, 0, 5])).toEqual([]);
  });

  it("finds that one class is the answer to everything, unless most images are of it", () => {
    expect(troubles("own", both, [2, 48, 1, 49])).toEqual([{ kind: "oneClass", name: "dog", share: 0.97 }]);
    expect(troubles("own", both, [0, 10, 0, 90])).toEqual([]);
    expect(troubles("own", both, [20, 30, 5, 45])).toEqual([]);
  });

  it("finds overfitting: apart in accuracy, and the loss beyond its minimum", () => {
    const losses =
      (...all: number[]) =>
      (member: Member) => {
        member.epochs.value = all.map((validationLoss) => ({
          ...record,
          validationLoss,
          trainAccuracy: 0.99,
          validationAccuracy: 0.8,
        }));
      };
    expect(troubles("own", both, [], losses(0.5, 0.4, 0.7))).toEqual([
      { kind: "overfits", train: 0.99, validation: 0.8 },
    ]);
    expect(troubles("own", both, [], losses(0.5, 0.4, 0.41))).toEqual([]);
  });
});

describe("conclude", () => {
  function run(accuracy: number, changes: { seed?: number; status?: string; checksum?: string } = {}) {
    const { seed = 0, status = "done", checksum = "a" } = changes;
    const member = new Member(seed, 8);
    member.epochs.value = [{ ...record, validationAccuracy: accuracy }];
    member.bestEpoch.value = 1;
    member.confusion.value = Uint32Array.of(490, 10, 3, 497);
    const parts = { train: { classes: ["cat", "dog"], checksum } };
    const recipe = { validationFraction: 0.1 };
    return { status: { value: status }, recipe, settings: { data: { parts } }, member: { value: member } } as never;
  }

  it("says how many are right, and the most frequent mistake", () => {
    const found = conclude(run(0.987), []);
    expect(found).toEqual({ accuracy: 0.987, images: 1000, mistake: { from: "cat", to: "dog", count: 10 } });
    expect(conclude(run(0.987, { status: "running" }), [])).toBeUndefined();
  });

  it("compares with the last run that was validated on the same images", () => {
    const clear = run(0.9);
    const near = run(0.985);
    const others = [run(0.5, { seed: 1 }), run(0.5, { checksum: "b" }), run(0.5, { status: "resting" })];
    expect(conclude(run(0.987), [clear, ...others])?.other).toMatchObject({ run: clear, isClear: true });
    expect(conclude(run(0.987), [clear, near, ...others])?.other).toMatchObject({ run: near, isClear: false });
    expect(conclude(run(0.987), others)?.other).toBeUndefined();
  });
});
