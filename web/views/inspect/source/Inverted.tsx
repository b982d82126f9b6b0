import { messages } from "../messages/index.js";
import { taken } from "../state/shownPicture.js";

/** Whether light and dark are swapped in the picture that was taken. */
export function Inverted() {
  const picture = taken.value;
  if (!picture) return null;
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={picture.inverted}
        onChange={({ currentTarget }) => {
          taken.value = { ...picture, inverted: currentTarget.checked };
        }}
      />
      <span>{messages().inverted}</span>
    </label>
  );
}
