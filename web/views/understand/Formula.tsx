import type { JSX } from "preact";
import { formatCount } from "../../i18n/numbers.js";
import { type Expression, evaluate, hasLetters, type Letter } from "./derivation/expression.js";

export interface FormulaProps {
  /** The symbol of the result, if it has one. */
  readonly name?: Letter;
  readonly expression: Expression;
}

/** A formula in letters, in numbers, and its result; one line each if they do not fit beside each other. */
export function Formula({ name, expression }: FormulaProps) {
  return (
    <div class="formula">
      {hasLetters(expression) && (
        <math>
          {name && (
            <>
              <LetterOf name={name} />
              <mo>=</mo>
            </>
          )}
          <Written expression={expression} inLetters />
        </math>
      )}
      {linesOf(expression).map((part, index) => (
        <math key={index}>
          {index > 0 ? <mo>+</mo> : hasLetters(expression) && <mo>=</mo>}
          <Written expression={part} />
        </math>
      ))}
      <math class="result">
        <mo>=</mo>
        <mn>{formatCount(evaluate(expression))}</mn>
      </math>
    </div>
  );
}

/** The parts of a formula after which a line may break: the terms of a long sum. */
function linesOf(expression: Expression): readonly Expression[] {
  return expression.type === "sum" && expression.terms.length > 2 ? expression.terms : [expression];
}

/** A letter with its subscript. */
export function LetterOf({ name: { letter, below } }: { readonly name: Letter }) {
  if (!below) return <mi>{letter}</mi>;
  return (
    <msub>
      <mi>{letter}</mi>
      <mtext>{below}</mtext>
    </msub>
  );
}

interface WrittenProps {
  readonly expression: Expression;
  readonly inLetters?: boolean;
}

function Written({ expression, inLetters = false }: WrittenProps): JSX.Element {
  const write = (part: Expression) => <Written expression={part} inLetters={inLetters} />;
  switch (expression.type) {
    case "quantity":
      return inLetters ? <LetterOf name={expression.name} /> : <mn>{formatCount(expression.value)}</mn>;
    case "number":
      return <mn>{formatCount(expression.value)}</mn>;
    case "sum":
      return <mrow>{between(expression.terms, "+", write)}</mrow>;
    case "product":
      return <mrow>{between(expression.terms, "·", (factor) => enclosed(factor, write))}</mrow>;
    case "difference":
      return (
        <mrow>
          {write(expression.from)}
          <mo>−</mo>
          {enclosed(expression.subtracted, write)}
        </mrow>
      );
    case "wholeQuotient":
      return (
        <mrow>
          <mo>⌊</mo>
          <mfrac>
            {write(expression.dividend)}
            {write(expression.divisor)}
          </mfrac>
          <mo>⌋</mo>
        </mrow>
      );
  }
}

/** A factor or subtrahend, in brackets if it is a sum. */
function enclosed(part: Expression, write: (part: Expression) => JSX.Element): JSX.Element {
  if (part.type !== "sum" && part.type !== "difference") return write(part);
  return (
    <mrow>
      <mo>(</mo>
      {write(part)}
      <mo>)</mo>
    </mrow>
  );
}

function between(terms: readonly Expression[], sign: string, write: (term: Expression) => JSX.Element) {
  return terms.flatMap((term, index) => (index === 0 ? [write(term)] : [<mo key={index}>{sign}</mo>, write(term)]));
}
