import { RBF_CENTRES, type RbfLayer } from "../../../model/index.js";
import type { Element, LayerKernels } from "./layerKernels.js";
import { sumPartCount, sumProducts } from "./linear.js";

const OUTPUTS = RBF_CENTRES.length;
const FEATURES = RBF_CENTRES[0].length;
const WORD_BITS = 32;
const WORDS = Math.ceil(FEATURES / WORD_BITS);
const FORWARD = { sums: OUTPUTS, terms: FEATURES };
const BACKWARD = { sums: FEATURES, terms: OUTPUTS };

/** The negative of the mean squared difference between the input and each centre. */
export const rbf: LayerKernels<RbfLayer> = {
  replacesInput: () => true,

  partCounts: () => ({ forward: sumPartCount(FORWARD), inputGradient: sumPartCount(BACKWARD) }),

  forward({ x, parts, storeOutput }) {
    const factors = (out: string, feature: string) =>
      [difference(x, out, feature), difference(x, out, feature)] as const;
    return sumProducts(FORWARD, factors, parts, (out, sum) => storeOutput(out, `${sum} / -${FEATURES}.0`));
  },

  inputGradient({ x, dy, parts, storeInputGradient }) {
    const factors = (feature: string, out: string) => [difference(x, out, feature), dy(out)] as const;
    return sumProducts(BACKWARD, factors, parts, (feature, sum) =>
      storeInputGradient(feature, `${sum} * (2.0 / -${FEATURES}.0)`),
    );
  },
};

/** The bitmaps, a bit for each pixel. */
const BITS = RBF_CENTRES.flatMap((centre) =>
  Array.from({ length: WORDS }, (_, word) =>
    centre
      .slice(word * WORD_BITS, (word + 1) * WORD_BITS)
      .reduce((bits, value, bit) => (value > 0 ? bits + 2 ** bit : bits), 0),
  ),
);

export const RBF_FUNCTION = `
const BITMAPS = array<u32, ${BITS.length}>(${BITS.map((word) => `${word}u`).join(", ")});

// The value of a centre at a feature: 1 or −1.
fn centreAt(out: u32, feature: u32) -> f32 {
  let word = BITMAPS[out * ${WORDS}u + feature / ${WORD_BITS}u];
  return select(-1.0, 1.0, ((word >> (feature % ${WORD_BITS}u)) & 1u) == 1u);
}
`;

function difference(x: Element, out: string, feature: string): string {
  return `(${x(feature)} - centreAt(${out}, ${feature}))`;
}
