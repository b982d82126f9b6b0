/** The languages of the command line. */
export const LANGUAGES = ["en", "zh"] as const;
export type Language = (typeof LANGUAGES)[number];

/**
 * The language of a command: that of --lang, or of the environment as POSIX ranks its variables. English is the default.
 *
 * @param args the arguments of the program. A wrong --lang is reported where they are parsed
 */
export function languageOf(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Language {
  const place = args.findLastIndex((arg) => arg === "--lang" || arg.startsWith("--lang="));
  const given = args[place] === "--lang" ? args[place + 1] : args[place]?.slice("--lang=".length);
  const tag = given ?? (env.LC_ALL || env.LC_MESSAGES || env.LANG || "");
  return LANGUAGES.find((language) => new RegExp(`^${language}(?![a-z])`, "i").test(tag)) ?? "en";
}

/** Arguments without --lang, so that the first is the command. */
export function withoutLanguage(args: readonly string[]): string[] {
  return args.filter((arg, place) => !/^--lang(=|$)/.test(arg) && args[place - 1] !== "--lang");
}
