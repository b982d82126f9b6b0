import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { url } from "../../address/url.js";
import { PRETRAINED, type PretrainedName } from "../../pretrained/pretrained.js";
import { chooseImage, heldOutImages, imageAt, samples } from "../../stage/image.js";
import { askReadyMade, readyMade } from "../../stage/networks.js";
import { setsFor } from "../../stage/Picks.js";
import { type Shown, Subject } from "../../stage/subject.js";
import { resource } from "../../state/resource.js";
import { entries } from "./entries.js";
import { messages } from "./messages/index.js";

/** A network that can be compared with another. */
export interface Contestant {
  /** Its name in the address. */
  readonly key: string;
  readonly name: string;
  /** Its name at the beginning of a sentence. */
  readonly title: string;
  /** Reads the signals that it depends on before its first await. */
  readonly network: () => Promise<Shown>;
}

/** All that is listed, and the networks that come with the page. */
export const contestants = computed<readonly Contestant[]>(() => [
  ...entries.value.map(({ key, name, network }) => ({ key, name, title: name, network })),
  ...PRETRAINED.map((name) => ({ key: name, ...messages().readyMade[name], network: () => loaded(name) })),
]);

function loaded(name: PretrainedName): Promise<Shown> {
  const network = readyMade(name);
  void askReadyMade(name);
  return Promise.resolve(network);
}

/** A side of the comparison: which network it is, what it makes of the image, and why it cannot be shown. */
export interface Side {
  readonly contestant: ReadonlySignal<Contestant>;
  readonly subject: Subject;
  readonly failure: ReadonlySignal<string | undefined>;
}

/** @param other the key of the contestant that it is not by default */
function sideOf(field: "compareFirst" | "compareSecond", other?: ReadonlySignal<Contestant>): Side {
  const contestant = computed(() => {
    const all = contestants.value;
    const chosen = all.find(({ key }) => key === url.value[field]);
    const shown = entries.value.find(({ isShown }) => isShown)?.key;
    const usual = all.find(({ key }) => (other ? key !== other.value.key : key === shown));
    return chosen ?? usual ?? all[0];
  });
  const failure = signal<string | undefined>(undefined);
  const network = resource(() =>
    contestant.value.network().then(
      (own) => {
        failure.value = undefined;
        return own;
      },
      (error) => {
        failure.value = `${contestant.peek().name}: ${error instanceof Error ? error.message : error}`;
        return undefined;
      },
    ),
  );
  const blank = { ...readyMade("digits"), parameters: undefined };
  return { contestant, subject: new Subject(computed(() => network.value ?? blank)), failure };
}

export const first = sideOf("compareFirst");
export const second = sideOf("compareSecond", first.contestant);

/** Whether both have the same classes. */
export const haveSameClasses = computed(
  () => JSON.stringify(first.subject.classes.value) === JSON.stringify(second.subject.classes.value),
);

/** The search for an image on which the networks disagree. */
export type Search =
  | { readonly type: "none" }
  | { readonly type: "running"; readonly done: number; readonly total: number }
  /** They agree on all images. */
  | { readonly type: "agreed"; readonly total: number };

export const search = signal<Search>({ type: "none" });

/** The names of the images that can be searched: those held out of a training, otherwise those that come with the page. */
function searched(): string[] {
  const held = heldOutImages.peek();
  if (held) return Array.from(held.indices, (index) => `heldOut:${index}`);
  return setsFor(first.subject.classes.peek()).flatMap((set) =>
    Array.from(samples.peek()[set]?.labels ?? [], (_, index) => `${set}:${index}`),
  );
}

/** The time for which a search computes at a stretch, so that the page stays responsive. */
const STRETCH_MILLISECONDS = 30;

let newest = 0;

/** Shows the next image, after the one on display, on which the networks disagree. */
export async function findDisagreement(): Promise<void> {
  const own = ++newest;
  const names = searched();
  const start = names.indexOf(url.peek().image ?? "") + 1;
  let rested = performance.now();
  for (let done = 0; done < names.length; done++) {
    const name = names[(start + done) % names.length];
    const image = imageAt(name);
    if (image && first.subject.answerTo(image) !== second.subject.answerTo(image)) {
      search.value = { type: "none" };
      chooseImage(name);
      return;
    }
    if (performance.now() - rested < STRETCH_MILLISECONDS) continue;
    search.value = { type: "running", done, total: names.length };
    await new Promise((resolve) => setTimeout(resolve));
    if (own !== newest) return;
    rested = performance.now();
  }
  search.value = { type: "agreed", total: names.length };
}

/** Ends the search. */
export function stopSearch(): void {
  newest++;
  search.value = { type: "none" };
}
