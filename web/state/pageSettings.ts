import { computed } from "@preact/signals";
import { url } from "../address/url.js";
import { type RunFields, runFields } from "./settings.js";

/** As text, which stays the same while other fields of the address change. */
const text = computed(() => JSON.stringify(runFields(url.value)));

/** The settings in the address that training depends on; undefined ones are missing. */
export const pageSettings = computed<RunFields>(() => JSON.parse(text.value));
