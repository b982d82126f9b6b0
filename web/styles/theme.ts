import { computed, effect, signal } from "@preact/signals";
import { type Theme, url } from "../address/url.js";

const system = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(system.matches);
system.addEventListener("change", ({ matches }) => {
  systemIsDark.value = matches;
});

/** The theme in effect: the chosen one, otherwise the system's. Canvases use it. */
export const theme = computed<Theme>(() => url.value.theme ?? (systemIsDark.value ? "dark" : "light"));

// Style sheets read it from the attribute.
effect(() => {
  document.documentElement.dataset.theme = theme.value;
});
