import type { Reading } from "./messages/index.js";

/** What is said of two networks that are shown the same image. */
export type Verdict =
  /** The class of the image is known, and one of both networks'. */
  | { readonly type: "fooled"; readonly fooled: Reading; readonly other: Reading; readonly meant: string }
  | { readonly type: "fooledBoth"; readonly meant: string }
  | { readonly type: "agree" }
  | { readonly type: "disagree" };

/**
 * Compares what two networks take an image for.
 *
 * @param meant the name of the image's class, if it is known
 */
export function verdictOf(first: Reading, second: Reading, meant: string | undefined): Verdict {
  const areSame = first.answer === second.answer;
  if (meant === undefined) return { type: areSame ? "agree" : "disagree" };
  const [isFirst, isSecond] = [first.answer === meant, second.answer === meant];
  if (!isFirst && !isSecond) return { type: "fooledBoth", meant };
  if (isFirst && isSecond) return { type: "agree" };
  return { type: "fooled", fooled: isFirst ? second : first, other: isFirst ? first : second, meant };
}
