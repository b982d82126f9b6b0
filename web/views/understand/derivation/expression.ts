/** The letters of the formulas. */
export const LETTERS = {
  channelsIn: { letter: "C", below: "in" },
  channelsOut: { letter: "C", below: "out" },
  sideIn: { letter: "n", below: "in" },
  sideOut: { letter: "n", below: "out" },
  heightIn: { letter: "H", below: "in" },
  heightOut: { letter: "H", below: "out" },
  widthIn: { letter: "W", below: "in" },
  widthOut: { letter: "W", below: "out" },
  featuresIn: { letter: "N", below: "in" },
  featuresOut: { letter: "N", below: "out" },
  kernel: { letter: "K" },
  stride: { letter: "S" },
  padding: { letter: "P" },
  fieldIn: { letter: "r", below: "in" },
  fieldOut: { letter: "r", below: "out" },
  stepIn: { letter: "d", below: "in" },
  stepOut: { letter: "d", below: "out" },
} as const satisfies Record<string, Letter>;

/** A symbol in a formula: a letter and its subscript. */
export interface Letter {
  readonly letter: string;
  readonly below?: "in" | "out";
}

/** A formula together with its numbers: one tree, written either in letters or in numbers. */
export type Expression =
  | { readonly type: "quantity"; readonly name: Letter; readonly value: number }
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "sum" | "product"; readonly terms: readonly Expression[] }
  | { readonly type: "difference"; readonly from: Expression; readonly subtracted: Expression }
  /** A quotient rounded down. */
  | { readonly type: "wholeQuotient"; readonly dividend: Expression; readonly divisor: Expression };

/** A letter with its value. */
export const quantity = (name: Letter, value: number): Expression => ({ type: "quantity", name, value });

/** A number that stays a number in letters. */
export const number = (value: number): Expression => ({ type: "number", value });

export const sum = (...terms: readonly Expression[]): Expression => ({ type: "sum", terms });

export const product = (...terms: readonly Expression[]): Expression => ({ type: "product", terms });

/** The value of a formula. */
export function evaluate(expression: Expression): number {
  switch (expression.type) {
    case "quantity":
    case "number":
      return expression.value;
    case "sum":
      return expression.terms.reduce((total, term) => total + evaluate(term), 0);
    case "product":
      return expression.terms.reduce((total, term) => total * evaluate(term), 1);
    case "difference":
      return evaluate(expression.from) - evaluate(expression.subtracted);
    case "wholeQuotient":
      return Math.floor(evaluate(expression.dividend) / evaluate(expression.divisor));
  }
}

/** Whether a formula contains letters, so that writing it in letters adds something. */
export function hasLetters(expression: Expression): boolean {
  switch (expression.type) {
    case "quantity":
      return true;
    case "number":
      return false;
    case "sum":
    case "product":
      return expression.terms.some(hasLetters);
    case "difference":
      return hasLetters(expression.from) || hasLetters(expression.subtracted);
    case "wholeQuotient":
      return hasLetters(expression.dividend) || hasLetters(expression.divisor);
  }
}
