import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { url } from "../address/url.js";

/** A key and its action. */
export interface Shortcut {
  /** As KeyboardEvent.key has it: "s", " ", "?" … */
  readonly key: string;
  /** Its description in the dialog, in the page's language. */
  readonly label: () => string;
  readonly act: () => void;
}

/** The shortcuts of one part of the page. */
export interface ShortcutGroup {
  readonly title: () => string;
  readonly shortcuts: readonly Shortcut[];
}

const groups = signal<readonly ShortcutGroup[]>([]);

/** The active shortcuts, as the dialog lists them. */
export const shortcutGroups = computed(() => groups.value);

/** Activates shortcuts while the component is mounted. The group must be the same object on every call. */
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

/** Whether the focused element handles the key itself: a text field, a button, an open dialog. */
function takesKeys({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  const isActive =
    key === " " || key === "Enter"
      ? "button, a, summary, input, select, textarea"
      : "input:not([type=radio], [type=checkbox]), select, textarea";
  return target.closest(isActive) !== null || target.closest("dialog") !== null;
}
