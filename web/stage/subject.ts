import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { areCharacters } from "../../src/data/characters.js";
import { elementCount, type ImageShape, type Model, normalizedBytes } from "../../src/model/index.js";
import { softmax } from "../../src/training/evaluate.js";
import { changeUrl, url } from "../address/url.js";
import { pretrainedClasses } from "../pretrained/pretrained.js";
import {
  type Contributions,
  SceneNetwork,
  type Stage,
  type Structure,
  structureOf,
  type Unit,
} from "../scene/arithmetic.js";
import { type Hit, hasMaps } from "../scene/layout.js";
import type { Picture } from "../scene/paint.js";
import { inkImage } from "../scene/pen.js";
import { type Tuning, tuningsOf } from "../scene/tuning.js";
import { mapOf, strongestPlace } from "../scene/words.js";
import type { Network } from "../state/currentNetwork.js";
import { adapted, altered, captured, type GivenImage, givenImage, isDrawing, strokes } from "./image.js";
import { padMarks } from "./marks.js";
import { messages } from "./messages/index.js";

/** A network that is shown. */
export interface Shown extends Pick<Network, "model" | "normalization" | "classes"> {
  /** Undefined while they are loaded, and for a model that has none: its shape is shown then. */
  readonly parameters: Network["parameters"] | undefined;
  /** The byte around what the images that it was trained on show. Default: 0. */
  readonly background?: 0 | 255;
}

/** How far a network on display has learned. */
export interface Learning {
  /** How many images it has been trained on. */
  readonly images: number;
  /** As far as it is known, 0 … 1. */
  readonly accuracy: number;
  /** Whether it changes by itself, and is not paused. */
  readonly isGoing: boolean;
}

/** A network on the stage: what it makes of the image on display, and of the part that is explained. */
export class Subject {
  readonly structure: ReadonlySignal<Structure>;
  readonly inputShape: ReadonlySignal<ImageShape>;
  readonly background: ReadonlySignal<0 | 255>;
  /** The names of its classes; those of Fashion-MNIST in the page's language. */
  readonly classes: ReadonlySignal<readonly string[]>;
  /** Whether its classes are characters: drawings are centred then, as in MNIST. */
  readonly areDigits: ReadonlySignal<boolean>;
  /** Whether it has parameters. */
  readonly isReady: ReadonlySignal<boolean>;
  /** How far it has learned, while it learns or its training is replayed. */
  readonly learning: ReadonlySignal<Learning | undefined>;

  /** The camera's image, the chosen one, or the drawing, as the network takes it; bytes [channels][height][width]. */
  readonly ownPixels: ReadonlySignal<Uint8Array>;
  /** The image that the network takes, which may have been altered. */
  readonly inputPixels: ReadonlySignal<Uint8Array>;
  /** The pad's image: as it is drawn or, once its places are marked, as the network takes it. */
  readonly padPixels: ReadonlySignal<Uint8Array>;
  /** Whether the network takes another image than the pad's, because it is centred. */
  readonly isMoved: ReadonlySignal<boolean>;
  readonly isBlank: ReadonlySignal<boolean>;
  /** The class of the image, if it is known and one of the network's. */
  readonly label: ReadonlySignal<number | undefined>;

  /** What computes it; undefined without parameters. */
  readonly network: ReadonlySignal<SceneNetwork | undefined>;
  /** The values of every layer: the input, then each layer's output. Undefined without parameters. */
  readonly values: ReadonlySignal<readonly Float64Array[] | undefined>;
  /** Of its classes; all zero without parameters. */
  readonly probabilities: ReadonlySignal<Float64Array>;
  /** What the scene shows. */
  readonly picture: ReadonlySignal<Picture>;
  /** The index of the most probable class. */
  readonly winner: ReadonlySignal<number>;
  /** What the chosen map answers to. */
  readonly chosenTuning: ReadonlySignal<Tuning | undefined>;
  /** The map, before the chosen unit, whose share is opened to numbers; undefined: the largest. */
  readonly focusedRow = signal<number | undefined>(undefined);

  private readonly chosen: ReadonlySignal<Unit | undefined>;
  private readonly table: ReadonlySignal<Float32Array>;

  constructor(
    shown: ReadonlySignal<Shown>,
    learning: ReadonlySignal<Learning | undefined> = signal<Learning | undefined>(undefined),
  ) {
    this.learning = learning;
    // Each on its own, since they stay the same in most of what is shown.
    const model = computed<Model>(() => shown.value.model);
    const parameters = computed(() => shown.value.parameters);
    const normalization = computed(() => shown.value.normalization);
    const structure = computed(() => structureOf(model.value));
    const shape = computed(() => model.value.input);
    const background = computed(() => shown.value.background ?? 0);
    const ownClasses = computed(() => shown.value.classes);
    const areDigits = computed(() => areCharacters(ownClasses.value));
    this.structure = structure;
    this.inputShape = shape;
    this.background = background;
    this.areDigits = areDigits;
    this.classes = computed(() => namesOf(ownClasses.value));
    this.isReady = computed(() => parameters.value !== undefined);
    const network = computed(() => parameters.value && new SceneNetwork(structure.value, parameters.value));
    this.network = network;

    const given = computed(() => givenImage.value && adapted(givenImage.value, shape.value));
    const drawn = (centred: boolean) => inkImage(strokes.value, shape.value, background.value, centred);
    // The camera may be another network's, of another size.
    const photograph = computed(() => {
      const { channels, height, width } = shape.value;
      return captured.value?.length === channels * height * width ? captured.value : undefined;
    });
    this.ownPixels = computed(() => photograph.value ?? given.value ?? drawn(areDigits.value));
    this.inputPixels = computed(() => {
      const [own, other] = [this.ownPixels.value, altered.value];
      return other?.length === own.length ? other : own;
    });
    this.padPixels = computed(() => {
      const isMarked = padMarks.value.length > 0 && !isDrawing.value;
      const isInput = altered.value !== undefined || photograph.value !== undefined || isMarked;
      return isInput ? this.inputPixels.value : (given.value ?? drawn(false));
    });
    this.isMoved = computed(() => {
      const [pad, input] = [this.padPixels.value, this.inputPixels.value];
      return pad.some((byte, place) => byte !== input[place]);
    });
    this.isBlank = computed(() => this.padPixels.value.every((byte) => byte === background.value));
    this.label = computed(() => {
      const dataset = givenImage.value?.dataset;
      return dataset && areSame(dataset.classes, ownClasses.value) ? dataset.labels[0] : undefined;
    });

    this.table = computed(() => normalizedBytes(normalization.value, shape.value.channels));
    const values = computed(() => network.value?.forward(this.inputOf(this.inputPixels.value)));
    this.values = values;
    const stageValues = computed(() => {
      const { stages, layers } = structure.value;
      const all = values.value;
      if (all) return stages.map(({ last }) => all[last + 1]);
      return stages.map(({ last }) => new Float64Array(elementCount(layers[last]?.output ?? layers[0].input)));
    });
    const probabilities = computed(() => {
      const [logits] = stageValues.value.slice(-1);
      return values.value ? softmax(Float32Array.from(logits)) : new Float64Array(logits.length);
    });
    this.probabilities = probabilities;
    this.winner = computed(() => probabilities.value.indexOf(Math.max(...probabilities.value)));

    const part = computed(() => url.value.part);
    this.chosen = computed(() => unitOfPart(part.value, structure.value, values.value && stageValues.value));
    this.picture = computed<Picture>(() => {
      const chosen = this.chosen.value;
      const unit = chosen ?? { stage: structure.value.stages.length - 1, index: this.winner.value };
      const [own, all] = [network.value, values.value];
      // An empty pad has no answer to explain.
      const isExplained = chosen !== undefined || !this.isBlank.value;
      return {
        structure: structure.value,
        values: stageValues.value,
        contributions: own && all && isExplained ? own.contributions(all, unit) : nothingOf(unit, shape.value),
        probabilities: probabilities.value,
        classes: this.classes.value,
        chosen,
        sum: chosen && own && all && own.sumOf(all, chosen),
      };
    });

    // Takes some twenty passes, so only once for each network.
    const tunings = computed(() => {
      const stage = this.chosen.value && structure.value.stages[this.chosen.value.stage];
      return stage && hasMaps(stage) ? this.tuningsOfStage(stage) : undefined;
    });
    this.chosenTuning = computed(() => {
      const unit = this.chosen.value;
      return unit && tunings.value?.[mapOf(structure.value.stages[unit.stage], unit.index)];
    });
  }

  /** The name of a class. */
  className(index: number): string {
    return this.classes.value[index] ?? String(index);
  }

  /** Bytes [channels][height][width] as the values of the input. */
  inputOf(pixels: Uint8Array): Float64Array {
    const { height, width } = this.inputShape.value;
    return Float64Array.from(
      pixels,
      (byte, place) => this.table.value[256 * Math.floor(place / (height * width)) + byte],
    );
  }

  /** What the maps of a stage answer to; undefined without parameters. */
  tuningsOfStage(stage: Stage): Tuning[] | undefined {
    const paper = this.background.value;
    const [background, ink] = [this.table.value[paper], this.table.value[255 - paper]];
    return this.network.value && tuningsOf(this.network.value, stage, { background, ink });
  }

  /** The class that it takes an image for; undefined without parameters. */
  answerTo(image: GivenImage): number | undefined {
    const input = this.inputOf(adapted(image, this.inputShape.peek()));
    const logits = this.network.peek()?.forward(input).at(-1);
    return logits?.indexOf(Math.max(...logits));
  }

  /** Chooses a map or unit; a second time on the same map, the place on it. Undefined: the answer. */
  choose(hit: Hit | undefined): void {
    this.focusedRow.value = undefined;
    changeUrl({ part: hit && this.partOf(hit) }, "replace");
  }

  private partOf({ stage, map, place }: Hit): string {
    const own = this.structure.peek().stages[stage];
    const before = this.chosen.peek();
    const isSameMap = before?.stage === stage && mapOf(own, before.index) === map;
    const part = `${own.term}:${map + 1}`;
    return isSameMap && place >= 0 && hasMaps(own) ? `${part}:${place}` : part;
  }
}

/**
 * The unit of a part in the address. On a map, it is the most active one unless another was chosen, and the middle one while
 * there are no values.
 */
function unitOfPart(
  part: string | undefined,
  { stages }: Structure,
  values: readonly Float64Array[] | undefined,
): Unit | undefined {
  const [term, number, place] = part?.split(":") ?? [];
  const stage = stages.findIndex((one) => one.term === term);
  if (stage < 1) return undefined;
  const own = stages[stage];
  const map = Math.min(own.count, Number(number)) - 1;
  const { height, width } = own;
  const first = map * height * width;
  if (place !== undefined) return { stage, index: first + Math.min(height * width - 1, Number(place)) };
  if (values) return { stage, index: strongestPlace(values[stage], own, map) };
  return { stage, index: first + Math.floor(height / 2) * width + Math.floor(width / 2) };
}

/** The contributions in a network without parameters, or to no answer. */
function nothingOf(unit: Unit, { channels, height, width }: ImageShape): Contributions {
  return { unit, value: 0, gaps: [], shares: [], gradient: new Float64Array(channels * height * width) };
}

/** The names of classes as the page has them. */
export function namesOf(classes: readonly string[]): readonly string[] {
  return areSame(classes, pretrainedClasses("clothes")) ? messages().clothes : classes;
}

function areSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}
