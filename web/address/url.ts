import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { compareFields } from "./compareFields.js";
import { readFields, type ValuesOf, writeFields } from "./fields.js";
import { inspectFields } from "./inspectFields.js";
import { networkFields } from "./networkFields.js";
import { pageFields } from "./pageFields.js";
import { stageFields } from "./stageFields.js";
import { tourFields } from "./tourFields.js";
import { trainFields } from "./trainFields.js";
import { understandFields } from "./understandFields.js";

/** The views, in the order of their tabs; their names appear in the address. */
export const VIEWS = ["network", "train", "inspect", "understand", "compare"] as const;
export type ViewName = (typeof VIEWS)[number];

/**
 * The fields of every view; all stay in the address whichever view is open. Each view declares its own in a file of
 * this folder, using the field types of fields.ts and names that no other view uses.
 */
const FIELDS = {
  ...stageFields,
  ...networkFields,
  ...tourFields,
  ...trainFields,
  ...inspectFields,
  ...understandFields,
  ...compareFields,
  ...pageFields,
};

/** Everything the address contains. */
export interface UrlState extends ValuesOf<typeof FIELDS> {
  readonly view: ViewName;
}

const current = signal(readUrl(location.hash));

/** The current state of the address. */
export const url: ReadonlySignal<UrlState> = current;

/** The open view. */
export const view = computed(() => url.value.view);

addEventListener("popstate", () => {
  current.value = readUrl(location.hash);
});

/**
 * Changes the address and, with it, the page; the browser's back button undoes the change.
 *
 * @param step "replace" merges the change into the previous one, so that the back button undoes both
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

/** The page's address with changes applied, for links. */
export function addressWith(changes: Partial<UrlState>): string {
  return addressOf({ ...url.value, ...changes });
}

/** Parses `#view?name=value&…`. */
function readUrl(hash: string): UrlState {
  const [name, query = ""] = hash.replace(/^#/, "").split("?", 2);
  return { view: VIEWS.find((one) => one === name) ?? VIEWS[0], ...readFields(FIELDS, query) };
}

function addressOf({ view: name, ...values }: UrlState): string {
  const query = writeFields(FIELDS, values);
  return `#${name}${query && `?${query}`}`;
}
