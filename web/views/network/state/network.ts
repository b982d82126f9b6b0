import { computed, signal } from "@preact/signals";
import { areCharacters } from "../../../../src/data/characters.js";
import {
  elementCount,
  inferShapes,
  type Model,
  type NamedTensors,
  type Normalization,
  parameterSpecs,
} from "../../../../src/model/index.js";
import { url } from "../../../address/url.js";
import {
  loadHistory,
  loadPretrained,
  momentsOf,
  PRETRAINED_MODEL,
  PRETRAINED_NORMALIZATION,
  type PretrainedName,
  pretrainedClasses,
} from "../../../pretrained/pretrained.js";
import { SceneNetwork, structureOf } from "../../../scene/arithmetic.js";
import { selectedRun } from "../../../state/runs.js";
import { messages } from "../messages/index.js";

/** A moment of the shown network's training, with its parameters. */
export interface Snapshot {
  /** How many images it has been trained on. */
  readonly images: number;
  readonly parameters: NamedTensors;
}

const weights = signal<Partial<Record<PretrainedName, NamedTensors>>>({});
const histories = signal<Partial<Record<PretrainedName, readonly NamedTensors[]>>>({});

/** The networks whose parameters are there or on their way. */
const asked = new Set<PretrainedName>();

/** Why something could not be loaded. */
export const failure = signal<string | undefined>(undefined);

/** The place in the training that is shown; undefined: its end, or where it is now. */
export const rewoundTo = signal<number | undefined>(undefined);

/** The run on display; undefined while a network that comes with the page is. */
export const shownRun = computed(() => (url.value.networkShow === "run" ? selectedRun.value : undefined));

/** The network that comes with the page, while it is on display. */
export const shownPretrained = computed<PretrainedName | undefined>(() =>
  shownRun.value ? undefined : url.value.networkShow === "clothes" ? "clothes" : "digits",
);

/** Loads the parameters of a network that comes with the page, once. */
export async function askPretrained(name: PretrainedName): Promise<void> {
  if (weights.peek()[name] || asked.has(name)) return;
  asked.add(name);
  try {
    const parameters = await loadPretrained(name);
    weights.value = { ...weights.peek(), [name]: parameters };
    failure.value = undefined;
  } catch (error) {
    asked.delete(name);
    failure.value = error instanceof Error ? error.message : String(error);
  }
}

/** Loads the history of the network on display, once it is to be rewound. */
export async function askHistory(): Promise<void> {
  const name = shownPretrained.peek();
  if (!name || histories.peek()[name]) return;
  try {
    const history = await loadHistory(name);
    histories.value = { ...histories.peek(), [name]: history };
  } catch (error) {
    failure.value = error instanceof Error ? error.message : String(error);
  }
}

/** Whether the network's parameters are there. */
export const isLoaded = computed(() => shownRun.value !== undefined || current.value !== undefined);

const current = computed(() => (shownPretrained.value ? weights.value[shownPretrained.value] : undefined));

/** Images in an epoch of the shown run, as far as they are trained on. */
export const imagesPerEpoch = computed(() => {
  const run = shownRun.value;
  return run ? Math.round(run.settings.data.parts.train.labels.length * (1 - run.recipe.validationFraction)) : 0;
});

/** The parameters over time; the last ones are the network's. Those that are not loaded are missing. */
export const snapshots = computed<readonly { readonly images: number; readonly parameters?: NamedTensors }[]>(() => {
  const name = shownPretrained.value;
  if (name) {
    const kept = histories.value[name];
    return momentsOf(name).map(({ images }, moment, all) => ({
      images,
      parameters: moment === all.length - 1 ? current.value : kept?.[moment],
    }));
  }
  const timeline = shownRun.value?.member.value.timeline.value ?? [];
  return timeline.map(({ epoch, parameters }) => ({ images: epoch * imagesPerEpoch.value, parameters }));
});

/** The model of the network on display. */
export const model = computed<Model>(() => shownRun.value?.model ?? PRETRAINED_MODEL);
/** Its stages; the same for every moment of its training. */
export const structure = computed(() => structureOf(model.value));

/** Zeros: what is shown until there are parameters. */
const nothing = computed<NamedTensors>(
  () =>
    new Map(
      parameterSpecs(inferShapes(model.value)).map(({ name, shape }) => [
        name,
        { shape, data: new Float32Array(elementCount(shape)) },
      ]),
    ),
);

/** The newest parameters, including those between the entries of a running training's timeline. */
const newest = computed(() => {
  const member = shownRun.value?.member.value;
  const live = member?.live.value;
  const kept = member?.weights.value;
  if (shownRun.value?.status.value === "running" && live && kept && live.epoch > kept.epoch) return live.parameters;
  return kept?.parameters;
});

/** Its parameters, at the moment on display. */
export const parameters = computed<NamedTensors>(() => {
  const place = rewoundTo.value;
  const rewound = place === undefined ? undefined : snapshots.value[place]?.parameters;
  return rewound ?? (shownRun.value ? newest.value : current.value) ?? nothing.value;
});

/** The network on display, at the moment on display. */
export const network = computed(() => new SceneNetwork(structure.value, parameters.value));

export const normalization = computed<Normalization>(
  () => shownRun.value?.recipe.normalization ?? PRETRAINED_NORMALIZATION,
);

/** Its class names; those of the clothes that come with the page in the page's language. */
export const classes = computed<readonly string[]>(() => {
  const name = shownPretrained.value;
  if (name) return name === "clothes" ? messages().clothes : pretrainedClasses(name);
  return shownRun.value?.settings.data.parts.train.classes ?? [];
});

/** Whether the classes are characters: drawings are centred then, as in MNIST. */
export const areDigits = computed(() => areCharacters(classes.value));

export const inputShape = computed(() => model.value.input);

/** The byte around what the images show. */
export const background = computed<0 | 255>(() => shownRun.value?.settings.data.background ?? 0);
