import { formatAugmentation } from "../data/augmentationText.js";
import { ENGLISH_TITLES, type Fact, type FactGroup, type TitleWords } from "../report/facts.js";
import type { Recipe } from "../training/recipes/recipes.js";
import { largestLearningRate, type Schedule } from "../training/recipes/schedules.js";
import { describeDevice, type RunConfig } from "./config.js";

/** The title and subtitle of a run's charts. @param words of what language. Default: English */
export function runTitles(
  { recipe, data, seed }: RunConfig,
  words: TitleWords = ENGLISH_TITLES,
): { readonly title: string; readonly subtitle: string } {
  return {
    title: words.title(recipe.name, data.name, data.generated),
    subtitle: words.subtitle(seed, recipe.batchSize, recipe.optimizer.type),
  };
}

/** All settings of a run, for display. Every name is unique. */
export function runSettings(config: RunConfig): FactGroup[] {
  const { recipe, model, parameterCount, seed, data, versions, threads, card, arithmetic, kernels } = config;
  const { earlierDevices = [] } = config;
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
        fact("resize", data.resize),
        fact("background", data.background === 0 ? "black" : "white"),
        fact("checksum", data.checksum),
        ...factsOf({ "checksum of the test images": data.testChecksum }),
      ],
    },
    {
      title: "Versions and device",
      facts: [
        fact("lenet", versions.lenet),
        ...factsOf({ Node: versions.node, V8: versions.v8, browser: versions.browser }),
        ...factsOf({ "graphics card": card?.name, driver: card?.driver }),
        fact("threads", threads),
        fact("arithmetic", arithmetic),
        ...factsOf({ kernels: kernels?.toString() }),
        ...(earlierDevices.length === 0 ? [] : [fact("earlier devices", earlierDevices.map(earlierDevice).join(", "))]),
      ],
    },
  ];
}

function earlierDevice({ lastEpoch, ...device }: NonNullable<RunConfig["earlierDevices"]>[number]): string {
  return `${describeDevice(device)} to epoch ${lastEpoch}`;
}

/** The facts for each field of a recipe. The type ensures that none is forgotten when comparing runs. */
const RECIPE_FACTS: { readonly [Field in keyof Required<Recipe>]: (value: Recipe[Field]) => readonly Fact[] } = {
  name: (name) => [fact("recipe", name)],
  width: (width) => (width === undefined ? [] : [fact("width", width)]),
  stages: (stages) => (stages === undefined ? [] : [fact("stages", stages.map((maps) => maps.join("-")).join(" / "))]),
  epochs: (epochs) => [fact("epochs", epochs)],
  batchSize: (size) => [fact("batch", size)],
  activation: (activation) => [fact("activation", activation)],
  pooling: (pooling) => [fact("pooling", pooling)],
  padding: (padding) => optional("padding", padding),
  connections: (connections) => optional("connections", connections),
  output: (output) => optional("output", output),
  // A run's model has it.
  input: () => [],
  initialization: (initialization) => optional("initialization", initialization),
  rubbishPenalty: (penalty) => optional("rubbish penalty", penalty),
  dropout: (probability) => [fact("dropout", probability)],
  batchNorm: (normalized) => [fact("batch normalisation", yesOrNo(normalized))],
  optimizer: (optimizer) => [fact("optimizer", optimizer.type), ...numbers("optimizer's numbers", optimizer)],
  schedule: (schedule) => [
    fact("schedule", schedule.type),
    fact("learning rate", largestLearningRate(schedule)),
    ...scheduleNumbers(schedule),
  ],
  labelSmoothing: (smoothing) => [fact("label smoothing", smoothing)],
  classWeights: (weights) => (weights === undefined ? [] : [fact("class weights", weights.map(short).join(" "))]),
  distillation: (settings) =>
    settings === undefined ? [] : [fact("distillation", `T=${settings.temperature} share=${settings.share}`)],
  averaging: (averaging) => [fact("averaging", averaging ? `decay=${averaging.decay}` : "none")],
  patience: (epochs) => [fact("patience", epochs === 0 ? "none" : epochs)],
  augmentation: (augmentation) => [fact("augmentation", formatAugmentation(augmentation))],
  augmentValidation: (augmented) => [fact("augmented validation", yesOrNo(augmented))],
  validationFraction: (fraction) => [fact("validation fraction", fraction)],
  fold: (fold) => (fold === undefined ? [] : [fact("fold", `${fold.number} of ${fold.of}`)]),
  normalization: ({ mean, std }) => [
    fact("normalization", `mean ${mean.map(short)}, standard deviation ${std.map(short)}`),
  ],
};

function recipeFacts(recipe: Recipe): Fact[] {
  // The compiler cannot tell that the two belong to the same field.
  const facts = (field: keyof Recipe) => (RECIPE_FACTS[field] as (value: unknown) => readonly Fact[])(recipe[field]);
  return (Object.keys(RECIPE_FACTS) as (keyof Recipe)[]).filter((field) => field !== "name").flatMap(facts);
}

function scheduleNumbers(schedule: Schedule): Fact[] {
  if (schedule.type !== "stepwise") return numbers("schedule's numbers", schedule);
  const steps = schedule.steps.map(({ passes, learningRate }) => `${passes}×${learningRate}`);
  return [fact("schedule's numbers", steps.join(" "))];
}

/** A fact for a field that a recipe may omit. */
function optional(name: string, value: string | number | undefined): Fact[] {
  return value === undefined ? [] : [fact(name, value)];
}

/** Facts for the values that are known. */
function factsOf(values: Readonly<Record<string, string | undefined>>): Fact[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [fact(name, value)]));
}

function fact(name: string, value: string | number): Fact {
  return { name, value: String(value) };
}

/**
 * The settings of an optimizer or schedule besides its type and learning rate, such as "momentum=0.9 nesterov=true".
 */
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
