/**
 * The terms of a text for the search: words, and of Chinese, which has no spaces, every pair of neighbouring characters.
 * The browser gets this function as text, so it must need nothing outside itself.
 */
export function termsOf(text: string): string[] {
  return (text.match(/[\p{L}\p{N}_]+/gu) ?? []).flatMap((run) =>
    (run.match(/\p{Script=Han}+|\P{Script=Han}+/gu) ?? []).flatMap((part) => {
      const characters = [...part];
      if (!/\p{Script=Han}/u.test(part) || characters.length < 2) return [part];
      return characters.slice(1).map((character, index) => characters[index] + character);
    }),
  );
}
