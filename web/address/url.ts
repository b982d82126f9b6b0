import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { compareFields } from "./compareFields.js";
import { flag, optionalChoice, readFields, type ValuesOf, writeFields } from "./fields.js";
import { inspectFields } from "./inspectFields.js";
import { trainFields } from "./trainFields.js";
import { understandFields } from "./understandFields.js";

/** The views, in the order of their tabs; their names stand in the address. */
export const VIEWS = ["train", "inspect", "understand", "compare"] as const;
export type ViewName = (typeof VIEWS)[number];

export const LANGUAGES = ["en", "zh"] as const;
export type Language = (typeof LANGUAGES)[number];

export const THEMES = ["light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/**
 * Every view's fields: all stay in the address whichever view is open. A view declares its own in a file of this folder, of
 * the kinds in fields.ts, under names that no other view uses.
 */
const FIELDS = {
  ...trainFields,
  ...inspectFields,
  ...understandFields,
  ...compareFields,
  /** Undefined: the browser's. */
  lang: optionalChoice(LANGUAGES),
  /** Undefined: the system's. */
  theme: optionalChoice(THEMES),
  /** Whether single keys do something. */
  keys: flag(true),
};

/** All that the address says. */
export interface UrlState extends ValuesOf<typeof FIELDS> {
  readonly view: ViewName;
}

const current = signal(readUrl(location.hash));

/** All that the address says, as it is now. */
export const url: ReadonlySignal<UrlState> = current;

/** The open view. */
export const view = computed(() => url.value.view);

addEventListener("popstate", () => {
  current.value = readUrl(location.hash);
});

/**
 * Changes the address, and with it the page; the browser's back button undoes it.
 *
 * @param step "replace": as a part of the change before, which the back button undoes with it
 */
export function changeUrl(changes: Partial<UrlState>, step: "push" | "replace" = "push"): void {
  const before = current.value;
  const after = { ...before, ...changes };
  const address = addressOf(after);
  if (address === addressOf(before)) return;
  current.value = after;
  if (step === "push") history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

/** The address of the page with changes, for links. */
export function addressWith(changes: Partial<UrlState>): string {
  return addressOf({ ...url.value, ...changes });
}

/** Reads `#view?name=value&…`. */
function readUrl(hash: string): UrlState {
  const [name, query = ""] = hash.replace(/^#/, "").split("?", 2);
  return { view: VIEWS.find((one) => one === name) ?? VIEWS[0], ...readFields(FIELDS, query) };
}

function addressOf({ view: name, ...values }: UrlState): string {
  const query = writeFields(FIELDS, values);
  return `#${name}${query && `?${query}`}`;
}
