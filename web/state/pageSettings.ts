import { computed } from "@preact/signals";
import { url } from "../address/url.js";
import { type RunFields, runFields } from "./settings.js";

/** As text, which stays the same while other fields of the address change. */
const text = computed(() => JSON.stringify(runFields(url.value)));

/** The settings in the address that training depends on, all of them: text leaves out what is undefined. */
export const pageSettings = computed<RunFields>(() => runFields(JSON.parse(text.value)));
