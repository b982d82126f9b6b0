import { formatAugmentation } from "../data/augmentationText.js";
import type { Fact, FactGroup } from "../report/facts.js";
import type { Recipe } from "../training/recipes/index.js";
import type { RunConfig } from "./config.js";

/** What a run's pictures are headed with. */
export function runTitles({ recipe, data, seed }: RunConfig): { readonly title: string; readonly subtitle: string } {
  return {
    title: `LeNet-5 ${recipe.name} on ${data.name}${data.generated ? " (generated data)" : ""}`,
    subtitle: `seed ${seed}, batch ${recipe.batchSize}, ${recipe.optimizer.type}`,
  };
}

/** Everything that a run was made with, in words. No name is there twice. */
export function runSettings(config: RunConfig): FactGroup[] {
  const { recipe, model, parameterCount, seed, data, versions, threads, fusedArithmetic } = config;
  const { channels, height, width } = model.input;
  return [
    {
      title: "Training",
      facts: [
        fact("recipe", recipe.name),
        fact("input", `${channels}x${height}x${width}`),
        fact("parameters", parameterCount.toLocaleString("en-US")),
        ...recipeFacts(recipe),
        fact("seed", seed),
      ],
    },
    {
      title: "Data",
      facts: [
        fact("data", data.name),
        ...(data.path === undefined ? [] : [fact("path", data.path)]),
        ...(data.directory === undefined ? [] : [fact("folder", data.directory)]),
        fact("generated", yesOrNo(data.generated)),
        fact("training images", data.images.toLocaleString("en-US")),
        fact("classes", data.classes.length),
        fact("fit", data.fit),
        fact("background", data.background === 0 ? "black" : "white"),
        fact("checksum", data.checksum),
      ],
    },
    {
      title: "Versions and threads",
      facts: [
        fact("lenet", versions.lenet),
        ...factsOf({ Node: versions.node, V8: versions.v8, browser: versions.browser }),
        fact("threads", threads),
        fact("fused arithmetic", yesOrNo(fusedArithmetic)),
      ],
    },
  ];
}

function recipeFacts(recipe: Recipe): Fact[] {
  const { normalization, optimizer, schedule } = recipe;
  return [
    fact("epochs", recipe.epochs),
    fact("batch", recipe.batchSize),
    fact("activation", recipe.activation),
    fact("pooling", recipe.pooling),
    fact("dropout", recipe.dropout),
    fact("optimizer", optimizer.type),
    ...numbers("optimizer's numbers", optimizer),
    fact("schedule", schedule.type),
    fact("learning rate", schedule.type === "oneCycle" ? schedule.maximumLearningRate : schedule.learningRate),
    ...numbers("schedule's numbers", schedule),
    fact("label smoothing", recipe.labelSmoothing),
    fact("augmentation", formatAugmentation(recipe.augmentation)),
    fact("augmented validation", yesOrNo(recipe.augmentValidation)),
    fact("validation share", recipe.validationShare),
    fact("normalization", `mean ${normalization.mean.map(short)}, deviation ${normalization.deviation.map(short)}`),
  ];
}

/** Those of some facts that are known. */
function factsOf(values: Readonly<Record<string, string | undefined>>): Fact[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [fact(name, value)]));
}

function fact(name: string, value: string | number): Fact {
  return { name, value: String(value) };
}

/** What an optimiser or a schedule has besides its type and learning rate, as "momentum=0.9 nesterov=true". */
function numbers(name: string, settings: object): Fact[] {
  const others = Object.entries(settings).filter(
    ([key]) => !["type", "learningRate", "maximumLearningRate"].includes(key),
  );
  return others.length === 0 ? [] : [fact(name, others.map(([key, value]) => `${key}=${value}`).join(" "))];
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function yesOrNo(value: boolean): string {
  return value ? "yes" : "no";
}
