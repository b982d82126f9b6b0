import { computed, effect, signal } from "@preact/signals";
import type { Theme } from "../address/pageFields.js";
import { url } from "../address/url.js";

const system = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(system.matches);
system.addEventListener("change", ({ matches }) => {
  systemIsDark.value = matches;
});

/** Whether the page shows what is to be printed. */
const isPaper = () => url.value.view === "network" && url.value.networkSheet !== undefined;

/** The theme in effect: the chosen one, otherwise the system's. Canvases use it. */
export const theme = computed<Theme>(
  () => (isPaper() ? "light" : undefined) ?? url.value.theme ?? (systemIsDark.value ? "dark" : "light"),
);

// Style sheets read it from the attribute.
effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

// As are the controls that the address hides, and whether the page is presented or embedded.
effect(() => {
  const { present, embed, hide } = url.value;
  const { dataset, classList } = document.documentElement;
  dataset.hide = hide.join(" ");
  classList.toggle("is-presented", present);
  classList.toggle("is-bare", present || embed);
});
