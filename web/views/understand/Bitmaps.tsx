import { RBF_BITMAP, RBF_CENTRES } from "../../../src/model/index.js";
import { messages } from "./messages/index.js";

/** What the 84 units of F6 were to look like for each digit: the bitmaps that the outputs of 1998 measure distances to. */
export function Bitmaps() {
  const m = messages();
  const { height, width } = RBF_BITMAP;
  return (
    <figure class="bitmaps">
      <div>
        {RBF_CENTRES.map((pixels, digit) => (
          <svg key={digit} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={m.bitmapOf(digit)}>
            <title>{m.bitmapOf(digit)}</title>
            {Array.from(pixels, (pixel, place) =>
              pixel > 0 ? (
                <rect key={place} x={place % width} y={Math.floor(place / width)} width={1} height={1} />
              ) : null,
            )}
          </svg>
        ))}
      </div>
      <figcaption>{m.bitmaps}</figcaption>
    </figure>
  );
}
