import { describe, expect, it } from "vitest";
import { readFields } from "../../address/fields.js";
import { trainFields } from "../../address/trainFields.js";
import { Member } from "../../state/member.js";
import { recipeFor } from "../../state/settings.js";
import { diagnose } from "./diagnosis.js";

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
