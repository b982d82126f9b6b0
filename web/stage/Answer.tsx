import { formatSure } from "../scene/words.js";
import { messages } from "./messages/index.js";
import type { Subject } from "./subject.js";

/** The width of a letter of the serif face, of its size. */
const LETTER = 0.58;

/** What the lines of the scene mean; while there are none, the place for it. */
export function Key({ isShown = true }: { readonly isShown?: boolean }) {
  const m = messages();
  return (
    <dl class="network-key" style={isShown ? {} : { visibility: "hidden" }}>
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

export interface AnswerProps {
  readonly subject: Subject;
  /** The network's name, if several answer. */
  readonly name?: string;
  /** Its middle, in CSS pixels; undefined where it stands beside the pad. */
  readonly top: number | undefined;
}

/** What a network takes the image for. */
export function Answer({ subject, name, top }: AnswerProps) {
  const m = messages();
  const { probabilities } = subject.picture.value;
  const isKnown = subject.isReady.value && !subject.isBlank.value;
  const areWords = !subject.areDigits.value;
  const winner = subject.className(subject.winner.value);
  const second = [...probabilities.keys()].sort((one, other) => probabilities[other] - probabilities[one])[1];
  const words = areWords ? winner.split(/[ /]/) : [winner];
  const longest = Math.max(...words.map((word) => word.length));
  const size = Math.min(190, areWords ? Math.min(64, 176 / (LETTER * longest)) : 190);
  return (
    <section
      class={`network-answer${areWords ? " has-words" : ""}`}
      aria-label={name === undefined ? m.answer : m.answerOf(name)}
      style={top === undefined ? {} : { translate: `0 calc(${top}px - 50%)` }}
    >
      {name !== undefined && <h3>{name}</h3>}
      <p class="network-answer-name" style={{ "--size": size }}>
        {(isKnown ? words : ["?"]).map((word, index) => (
          <span key={index} class={isKnown ? "" : "network-none"}>
            {word}
          </span>
        ))}
      </p>
      <p class="network-sure">{isKnown ? m.sure(formatSure(probabilities[subject.winner.value])) : "\u00a0"}</p>
      <p class="network-then">
        {isKnown ? m.thenOther(subject.className(second), formatSure(probabilities[second])) : "\u00a0"}
      </p>
    </section>
  );
}
