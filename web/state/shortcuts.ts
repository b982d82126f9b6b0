import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { url } from "../address/url.js";

/** A key and what it does. */
export interface Shortcut {
  /** As KeyboardEvent.key has it: "s", " ", "?" … */
  readonly key: string;
  /** What the dialog says of it, in the page's language. */
  readonly label: () => string;
  readonly act: () => void;
}

/** Shortcuts of one part of the page. */
export interface ShortcutGroup {
  readonly title: () => string;
  readonly shortcuts: readonly Shortcut[];
}

const groups = signal<readonly ShortcutGroup[]>([]);

/** The shortcuts that are there now, as the dialog shows them. */
export const shortcutGroups = computed(() => groups.value);

/** Has a component's shortcuts work while it is on the page. The group must be the same object at every call. */
export function useShortcuts(group: ShortcutGroup): void {
  useEffect(() => {
    groups.value = [...groups.value, group];
    return () => {
      groups.value = groups.value.filter((one) => one !== group);
    };
  }, [group]);
}

addEventListener("keydown", (event) => {
  if (!url.value.keys || event.ctrlKey || event.metaKey || event.altKey || takesKeys(event)) return;
  const shortcut = groups.value.flatMap(({ shortcuts }) => shortcuts).find(({ key }) => key === event.key);
  if (!shortcut) return;
  event.preventDefault();
  shortcut.act();
});

/** Whether the key is for the element that has the focus: text is typed there, a button is pressed, a dialog is open. */
function takesKeys({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  const isActive =
    key === " " || key === "Enter"
      ? "button, a, summary, input, select, textarea"
      : "input:not([type=radio], [type=checkbox]), select, textarea";
  return target.closest(isActive) !== null || target.closest("dialog") !== null;
}
