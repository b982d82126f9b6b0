import { formatSure } from "../../scene/words.js";
import { messages } from "./messages/index.js";
import { className, haveWords } from "./state/names.js";
import { isLoaded } from "./state/network.js";
import { isBlank, picture, winner } from "./state/picture.js";

/** The width of a letter of the serif face, of its size. */
const LETTER = 0.58;

/** What the lines of the scene mean. */
export function Key() {
  const m = messages();
  return (
    <dl class="network-key">
      {(["adds", "takes"] as const).map((kind) => (
        <div key={kind} class={`network-${kind}`}>
          <dt>
            <svg viewBox="0 0 44 10" aria-hidden="true">
              <path class={`network-key-${kind}`} d="M3 5H41" />
            </svg>
          </dt>
          <dd>{m[kind]}</dd>
        </div>
      ))}
    </dl>
  );
}

/** @param top its middle, in CSS pixels; undefined where it stands beside the pad */
export function Answer({ top }: { readonly top: number | undefined }) {
  const m = messages();
  const { probabilities } = picture.value;
  const isKnown = isLoaded.value && !isBlank.value;
  const name = className(winner.value);
  const second = [...probabilities.keys()].sort((one, other) => probabilities[other] - probabilities[one])[1];
  const words = haveWords() ? name.split(/[ /]/) : [name];
  const longest = Math.max(...words.map((word) => word.length));
  const size = Math.min(190, haveWords() ? Math.min(64, 176 / (LETTER * longest)) : 190);
  return (
    <section
      class={`network-answer${haveWords() ? " has-words" : ""}`}
      aria-label={m.answer}
      style={top === undefined ? {} : { top: `${top}px` }}
    >
      <p class="network-answer-name" style={{ "--size": size }}>
        {isKnown ? words.map((word) => <span key={word}>{word}</span>) : <span class="network-none">?</span>}
      </p>
      <p class="network-sure">{isKnown ? m.sure(formatSure(probabilities[winner.value])) : "\u00a0"}</p>
      <p class="network-then">
        {isKnown ? m.thenOther(className(second), formatSure(probabilities[second])) : "\u00a0"}
      </p>
    </section>
  );
}
