import { en, type PageMessages } from "./en.js";
import { zh } from "./zh.js";

export type { PageMessages } from "./en.js";

/** What the pages and pictures say in each language. */
export const PAGE_MESSAGES = { en, zh } as const satisfies Readonly<Record<string, PageMessages>>;

/** The language of a page or picture. */
export type PageLanguage = keyof typeof PAGE_MESSAGES;
