import type { LinearLayer } from "../../../model/index.js";
import { addTerms, type Element, eachIndex, type LayerKernels, largestDivisor, THREADS } from "./layerKernels.js";

/** Terms of a sum that are loaded together at most: the fewer loads wait for each other, the faster. */
const TERMS_AT_ONCE = 20;
/** A thread has at least so many terms of a sum. */
const LEAST_TERMS = 4;

/**
 * Fully connected layer. Threads side by side read weights side by side: transposed forward, as they are backward. If there
 * are fewer sums than threads, several threads share one. A sample's trace is its input and then the gradient by its
 * output: the sum over the batch takes their outer product.
 */
export const linear: LayerKernels<LinearLayer> = {
  replacesInput: () => true,

  partCounts: ({ input: [inputs], output: [outputs] }) => ({
    forward: sumPartCount({ sums: outputs, terms: inputs }),
    inputGradient: sumPartCount({ sums: inputs, terms: outputs }),
  }),

  forward({ input: [inputs], output: [outputs], x, transposed, bias, parts, storeOutput }) {
    const term = (out: string, feature: string) =>
      [transposed(`${feature} * ${outputs}u + ${out}`), x(feature)] as const;
    return sumProducts({ sums: outputs, terms: inputs }, term, parts, (out, sum) =>
      storeOutput(out, `${bias(out)} + ${sum}`),
    );
  },

  inputGradient({ input: [inputs], output: [outputs], dy, weight, parts, storeInputGradient }) {
    const term = (feature: string, out: string) => [weight(`${out} * ${inputs}u + ${feature}`), dy(out)] as const;
    return sumProducts({ sums: inputs, terms: outputs }, term, parts, storeInputGradient);
  },

  parameters: {
    traceSize: ({ input: [inputs], output: [outputs] }) => inputs + outputs,

    trace: ({ input: [inputs], output: [outputs], x, dy, trace }) => [
      `${eachIndex(inputs, "i", `${trace("i")} = ${x("i")};`)}
      ${eachIndex(outputs, "i", `${trace(`${inputs}u + i`)} = ${dy("i")};`)}`,
    ],

    weightGradient: ({ input: [inputs] }, trace, index) =>
      `${trace(`${inputs}u + ${index} / ${inputs}u`)} * ${trace(`${index} % ${inputs}u`)}`,
    biasGradient: ({ input: [inputs] }, trace, index) => trace(`${inputs}u + ${index}`),
  },
};

/** How many sums there are, and how many products each adds up. */
export interface SumShape {
  readonly sums: number;
  readonly terms: number;
}

/** The parts of all sums; 0 if a thread sums alone. */
export function sumPartCount(shape: SumShape): number {
  const parts = partsOfSum(shape);
  return parts > 1 ? parts * shape.sums : 0;
}

function partsOfSum({ sums, terms }: SumShape): number {
  return Math.max(1, Math.min(Math.floor(THREADS / sums), Math.floor(terms / LEAST_TERMS)));
}

/**
 * Sums of products.
 *
 * @param factors of a sum's term, by the indices of both
 */
export function sumProducts(
  shape: SumShape,
  factors: (sum: string, term: string) => readonly [string, string],
  parts: Element | undefined,
  store: (sum: string, value: string) => string,
): string[] {
  const { sums, terms } = shape;
  if (!parts) return [eachIndex(sums, "s", `${sumTerms(factors, "0u", `${terms}u`, terms)}\n${store("s", "sum")}`)];
  const count = partsOfSum(shape);
  const termsOfPart = Math.ceil(terms / count);
  const part = `
      let s = t % ${sums}u;
      let first = t / ${sums}u * ${termsOfPart}u;
      ${sumTerms(factors, "first", `min(first + ${termsOfPart}u, ${terms}u)`, termsOfPart)}
      ${parts("t")} = sum;`;
  const all = Array.from({ length: count }, (_, index) => parts(`${index * sums}u + s`));
  return [`if (t < ${count * sums}u) {${part}\n}`, eachIndex(sums, "s", store("s", `(${all.join(" + ")})`))];
}

/** Declares the sum of the terms first … end − 1 of sum `s`, so many at most. */
function sumTerms(
  factors: (sum: string, term: string) => readonly [string, string],
  first: string,
  end: string,
  most: number,
): string {
  const divisor = largestDivisor(most, TERMS_AT_ONCE);
  const loop = addTerms({
    index: "k",
    end: "end",
    atOnce: 2 * divisor > Math.min(most, TERMS_AT_ONCE) ? divisor : Math.min(most, TERMS_AT_ONCE),
    loads: (term) => factors("s", term),
    add: (one, other) => `sum += ${one} * ${other};`,
  });
  return `
      var sum = 0.0;
      var k = ${first};
      let end = ${end};
      ${loop}`;
}
