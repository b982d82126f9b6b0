import { messages } from "../messages/index.js";
import { taken } from "../state/shownImage.js";

/** Whether light and dark are swapped in an opened or captured image. */
export function Inverted() {
  const image = taken.value;
  if (!image) return null;
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={image.inverted}
        onChange={({ currentTarget }) => {
          taken.value = { ...image, inverted: currentTarget.checked };
        }}
      />
      <span>{messages().inverted}</span>
    </label>
  );
}
