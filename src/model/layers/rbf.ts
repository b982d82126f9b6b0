import type { LayerKind } from "./kind.js";
import { formatShape, ShapeError } from "./shape.js";

/**
 * The Euclidean radial basis functions of LeCun et al. (1998), section II-B: one output for each digit, whose centre is
 * the digit's bitmap and not trained. Here an output is the negative of the mean squared difference, so that the largest
 * wins; the paper has the sum, see docs/lenet-1998.md.
 */
export interface RbfLayer {
  readonly type: "rbf";
}

/**
 * The digits 0 to 9 in figure 3 of the paper, 12 rows of 7 pixels each: `#` is +1, `.` is −1. The order of pixels is that
 * of the 84 units of F6.
 */
const BITMAPS = [
  ".#####. ....... ..###.. .##.##. ##...## ##...## ##...## ##...## .##.##. ..###.. ....... .......",
  "...##.. ..###.. .####.. ...##.. ...##.. ...##.. ...##.. ...##.. ...##.. .###### ....... .......",
  ".#####. ....... .#####. ##...## #....## ....##. ..###.. .##.... ##..... ####### ....... .......",
  "####### .....## ....##. ...##.. ..####. .....## .....## .....## ##...## .#####. ....... .......",
  ".#####. ....... ....... .##..## .##..## ###..## ##...## ##...## ##..### .###### .....## .....##",
  ".#####. ....... ####### ##..... ##..... .####.. ..####. .....## ##...## .#####. ....... .......",
  "..####. .##.... ##..... ##..... ######. ###..## ##...## ##...## ###..## .#####. ....... .......",
  "####### .....## .....## ....##. ...##.. ...##.. ..##... ..##... ..##... ..##... ....... .......",
  ".#####. ##...## ##...## ##...## .#####. ##...## ##...## ##...## ##...## .#####. ....... .......",
  ".#####. ##..### ##...## ##...## ##..### .###### .....## .....## ....##. .####.. ....... .......",
];

/** float64 [10][84]: the centre of each output. */
export const RBF_CENTRES: readonly Float64Array[] = BITMAPS.map((rows) =>
  Float64Array.from(rows.replaceAll(" ", ""), (pixel) => (pixel === "#" ? 1 : -1)),
);

/** The rows and columns of a bitmap. */
export const RBF_BITMAP = { height: 12, width: 7 } as const;

const FEATURES = RBF_BITMAP.height * RBF_BITMAP.width;

export const rbf: LayerKind<RbfLayer> = {
  moduleName: "RBF",
  fields: {},
  shape(_layer, input, where) {
    if (input.length !== 1 || input[0] !== FEATURES) {
      throw new ShapeError(
        `${where}: its bitmaps have ${FEATURES} pixels, so its input must be [${FEATURES}], not ${formatShape(input)}`,
      );
    }
    return { output: [RBF_CENTRES.length], parameters: [], multiplyAdds: RBF_CENTRES.length * FEATURES };
  },
  reach: () => ({ channels: "all" }),
  range: [-Infinity, 0],
  paperKind: "fullConnection",
};
