import { useEffect } from "preact/hooks";
import { changeUrl } from "../../address/url.js";
import { formatCount } from "../../i18n/numbers.js";
import { Button, Select } from "../../kit/controls.js";
import { DESIGN } from "../../scene/layout.js";
import { formatSure, nameOfUnit } from "../../scene/words.js";
import { Answer, Key } from "../../stage/Answer.js";
import { runToFollow } from "../../stage/networks.js";
import { Pad } from "../../stage/Pad.js";
import { HeldOutStepper, Picks, setsFor } from "../../stage/Picks.js";
import { Back, type Said, Saying, Sheet, sentencesOn } from "../../stage/Say.js";
import {
  answerPlace,
  Frame,
  type FrameSize,
  SubjectScene,
  shortcutsOf,
  useExample,
  useHeight,
  useLayouts,
} from "../../stage/Stage.js";
import { useLiveParameters } from "../../state/live.js";
import { useShortcuts } from "../../state/shortcuts.js";
import { messages, type Reading } from "./messages/index.js";
import {
  contestants,
  findDisagreement,
  first,
  haveSameClasses,
  type Side,
  search,
  second,
  stopSearch,
} from "./pair.js";
import { verdictOf } from "./verdict.js";

const SHORTCUTS = shortcutsOf(first.subject);

/** Two networks and one image: their maps, and what they take it for. */
export function Pair() {
  useShortcuts(SHORTCUTS);
  useExample();
  useEffect(() => stopSearch, []);
  useLiveParameters(runToFollow);
  const m = messages();
  const failures = [first, second].flatMap(({ failure }) => failure.value ?? []);
  return (
    <section class="pair" aria-label={m.pair}>
      <Frame>
        {(size) => (
          <>
            <Saying said={said()} level="h2">
              {first.subject.picture.value.chosen && <Back subject={first.subject} />}
            </Saying>
            {failures.map((failure) => (
              <p key={failure} class="notice" role="alert">
                {failure}
              </p>
            ))}
            <Stages size={size} />
            <Picks sets={setsFor(first.subject.classes.value)}>
              <HeldOutStepper />
              {haveSameClasses.value && <Find />}
            </Picks>
          </>
        )}
      </Frame>
    </section>
  );
}

interface ChooseProps {
  readonly side: Side;
  readonly label: string;
  readonly field: "compareFirst" | "compareSecond";
}

/** Chooses a network. */
function Choose({ side, label, field }: ChooseProps) {
  return (
    <Select
      label={label}
      options={contestants.value.map(({ key, title }) => ({ value: key, label: title }))}
      value={side.contestant.value.key}
      onChange={(key) => {
        stopSearch();
        // Both, as the default of one depends on the other.
        changeUrl({
          compareFirst: first.contestant.peek().key,
          compareSecond: second.contestant.peek().key,
          [field]: key,
        });
      }}
    />
  );
}

/** The scenes of both networks, and the pad between them. */
function Stages({ size }: { readonly size: FrameSize }) {
  const m = messages();
  const { isAcross, unit } = size;
  const [element, height] = useHeight();
  return (
    <div class="pair-stages" ref={element}>
      <div class="network-ends">
        <Pad subject={first.subject} top={isAcross ? height / 2 - (DESIGN.pad / 2) * unit : undefined} />
        {!isAcross &&
          [first, second].map((side, index) => (
            <Answer key={index} subject={side.subject} name={side.contestant.value.title} top={undefined} />
          ))}
      </div>
      <div class="pair-choice">
        <Choose side={first} label={m.firstNetwork} field="compareFirst" />
        <Choose side={second} label={m.secondNetwork} field="compareSecond" />
      </div>
      <Key />
      <Half side={first} size={size} pad="upper half" />
      <Half side={second} size={size} pad="lower half" />
      {!isAcross && (
        <Sheet
          of={[first, second].map(({ subject, contestant }) => ({ subject, name: contestant.value.title }))}
          width={size.width}
        />
      )}
    </div>
  );
}

interface HalfProps {
  readonly side: Side;
  readonly size: FrameSize;
  readonly pad: "upper half" | "lower half";
}

/** The height of a network's name over its answer, in units of the design. */
const NAME_HEIGHT = 28;

/** The scene of one of the networks. */
function Half({ side: { subject, contestant }, size, pad }: HalfProps) {
  const [element, height] = useHeight();
  const { closed, shown } = useLayouts(subject, size, { height, pad });
  const { title: name } = contestant.value;
  return (
    <div class="network-stage" ref={element}>
      {size.isAcross ? (
        <Answer subject={subject} name={name} top={answerPlace(closed, subject.winner.value, NAME_HEIGHT)} />
      ) : (
        <h3>{name}</h3>
      )}
      <div class="network-scene">
        <SubjectScene subject={subject} layout={shown} />
      </div>
    </div>
  );
}

/** Looks for an image on which the networks disagree. */
function Find() {
  const m = messages();
  const state = search.value;
  if (state.type === "running") {
    return (
      <div class="network-set">
        <progress value={state.done} max={state.total} aria-label={m.searching} />
        <Button onClick={stopSearch}>{m.stop}</Button>
      </div>
    );
  }
  return (
    <div class="network-set">
      <Button onClick={() => void findDisagreement()}>{m.findDisagreement}</Button>
      {state.type === "agreed" && <span role="status">{m.agreeOnAll(formatCount(state.total))}</span>}
    </div>
  );
}

/** What the pictures show, in words. */
function said(): Said {
  const m = messages();
  const { subject } = first;
  if (!subject.isReady.value || !second.subject.isReady.value) return { headline: m.pair, pieces: [] };
  if (subject.picture.value.chosen) return saidOfBoth();
  if (subject.isBlank.value) return sentencesOn(subject);
  const [one, other] = [readingOf(first), readingOf(second)];
  const label = haveSameClasses.value ? subject.label.value : undefined;
  const verdict = verdictOf(one, other, label === undefined ? undefined : subject.className(label));
  const both = [{ text: m.readings(one, other) }];
  switch (verdict.type) {
    case "fooled":
      return {
        headline: m.fooled(verdict.fooled.name, verdict.other.name),
        pieces: [{ text: m.itIs(verdict.meant), tone: "strong" }, ...both],
      };
    case "fooledBoth":
      return { headline: m.fooledBoth, pieces: [{ text: m.itIs(verdict.meant), tone: "strong" }, ...both] };
    case "agree":
      return { headline: m.bothRead(one.answer), pieces: both };
    case "disagree":
      return { headline: m.disagree, pieces: both };
  }
}

/** The chosen part in each of the networks that have it. */
function saidOfBoth(): Said {
  const sides = [first, second].filter(({ subject }) => subject.picture.value.chosen);
  const { picture } = first.subject;
  const { chosen } = picture.value;
  return {
    headline: chosen ? nameOfUnit(picture.value, chosen) : "",
    pieces: sides.flatMap(({ subject, contestant }) => [
      { text: messages().inNetwork(contestant.value.title), tone: "strong" as const },
      ...sentencesOn(subject).pieces,
    ]),
  };
}

function readingOf({ subject, contestant }: Side): Reading {
  const { probabilities } = subject.picture.value;
  const winner = subject.winner.value;
  return {
    name: contestant.value.name,
    title: contestant.value.title,
    answer: subject.className(winner),
    sure: formatSure(probabilities[winner]),
  };
}
