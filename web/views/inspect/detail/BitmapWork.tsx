import { RBF_BITMAP, RBF_CENTRES } from "../../../../src/model/index.js";
import { cssOf } from "../../../styles/colors.js";
import { canvasColors } from "../layers/colors.js";
import { messages } from "../messages/index.js";

/** The value at which the squashing function of 1998 ends. */
const MOST = 1.7159;

/** What an output of 1998 compares: the 84 values of F6 as a picture, and the class's bitmap. */
export function BitmapWork({ features, unit }: { readonly features: ArrayLike<number>; readonly unit: number }) {
  const m = messages();
  return (
    <div class="bitmap-work">
      <Bitmap name={m.featuresAsPicture} values={features} />
      <Bitmap name={m.bitmapOf(unit)} values={RBF_CENTRES[unit]} />
    </div>
  );
}

/** 84 values from −1.7159 to 1.7159 as a picture of 7 × 12 pixels. */
function Bitmap({ name, values }: { readonly name: string; readonly values: ArrayLike<number> }) {
  const { height, width } = RBF_BITMAP;
  const table = new Uint8Array(canvasColors.value.diverging.buffer);
  const colorOf = (value: number) => {
    const index = Math.round(127.5 + (127.5 * Math.max(-MOST, Math.min(MOST, value))) / MOST);
    return cssOf([table[4 * index], table[4 * index + 1], table[4 * index + 2]]);
  };
  return (
    <figure>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={name}>
        {Array.from(values, (value, place) => (
          <rect
            key={place}
            x={place % width}
            y={Math.floor(place / width)}
            width={1.02}
            height={1.02}
            fill={colorOf(value)}
          />
        ))}
      </svg>
      <figcaption>{name}</figcaption>
    </figure>
  );
}
