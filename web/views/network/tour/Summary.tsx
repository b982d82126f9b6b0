import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { CHAPTERS, type Chapter } from "../../../address/tourFields.js";
import { addressWith } from "../../../address/url.js";
import { Button } from "../../../kit/controls.js";
import { chapters, firstAnswers, startAgain } from "./answers.js";
import { messages } from "./messages/index.js";

/** How many predictions were right. */
export function summaryTitle(): string {
  const m = messages();
  const answers = chapters.value.flatMap((chapter) => firstAnswers.value[chapter] ?? []);
  return answers.length === 0
    ? m.summary.none
    : m.summary.title(answers.filter(({ isRight }) => isRight).length, answers.length);
}

interface Line {
  readonly chapter: Chapter;
  readonly cells: readonly string[];
  readonly isRight: boolean | undefined;
}

function lines(): Line[] {
  const m = messages();
  return chapters.value.map((chapter): Line => {
    const own = firstAnswers.value[chapter];
    const title = m.titles[chapter];
    if (!own) return { chapter, cells: [title, "", m.summary.open, ""], isRight: undefined };
    const { question, guess, answer, isRight } = own;
    return { chapter, cells: [title, question, guess, answer], isRight };
  });
}

/** What has been answered in all chapters, and how to assign some of them. */
export function Summary() {
  const m = messages();
  const isCopied = useSignal(false);
  const all = lines();
  const copy = async () => {
    const verdict = (right: boolean | undefined) =>
      right === undefined ? "" : right ? m.summary.verdict.right : m.summary.verdict.wrong;
    const text = [summaryTitle(), ...all.map((line) => [...line.cells, verdict(line.isRight)].join("\t"))].join("\n");
    await navigator.clipboard.writeText(text);
    isCopied.value = true;
  };
  return (
    <div class="tour-summary">
      <table>
        <thead>
          <tr>
            {m.summary.heads.map((head) =>
              head === "" ? (
                <td key={head} />
              ) : (
                <th key={head} scope="col">
                  {head}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {all.map(({ chapter, cells: [title, ...rest], isRight: right }) => (
            <tr key={chapter}>
              <th scope="row">
                <a href={addressWith({ tour: chapter })}>{title}</a>
              </th>
              {rest.map((cell, index) => (
                <td key={index}>{cell}</td>
              ))}
              <td class={right === undefined ? "" : right ? "is-right" : "is-wrong"}>
                {right !== undefined && (right ? `✓ ${m.summary.verdict.right}` : `✗ ${m.summary.verdict.wrong}`)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div class="network-buttons">
        <Button onClick={() => void copy()}>{isCopied.value ? m.summary.copied : m.summary.copy}</Button>
        <Button onClick={() => print()}>{m.summary.print}</Button>
        <Button onClick={startAgain}>{m.summary.again}</Button>
      </div>
      <Assignment />
    </div>
  );
}

/** Makes the link of a lesson. */
function Assignment() {
  const m = messages();
  const id = useId();
  const chosen = useSignal<readonly Chapter[]>(chapters.value);
  const isCopied = useSignal(false);
  const isAll = chosen.value.length === CHAPTERS.length;
  const address = addressWith({
    lesson: chosen.value.join(","),
    tour: undefined,
    part: undefined,
  });
  const link = new URL(address, location.href).href;
  return (
    <details class="tour-lesson" open={!isAll || undefined}>
      <summary>{m.lesson.title}</summary>
      <p>{m.lesson.text}</p>
      <div class="tour-chapters">
        {CHAPTERS.map((chapter) => (
          <label key={chapter} class="check">
            <input
              type="checkbox"
              checked={chosen.value.includes(chapter)}
              onChange={({ currentTarget }) => {
                isCopied.value = false;
                const others = chosen.value.filter((one) => one !== chapter);
                chosen.value = currentTarget.checked ? [...others, chapter] : others;
              }}
            />
            <span>{m.titles[chapter]}</span>
          </label>
        ))}
      </div>
      <label for={id}>{m.lesson.link}</label>
      <input id={id} type="text" readOnly value={chosen.value.length === 0 ? "" : link} />
      <Button
        disabled={chosen.value.length === 0}
        onClick={() =>
          void navigator.clipboard.writeText(link).then(() => {
            isCopied.value = true;
          })
        }
      >
        {isCopied.value ? m.summary.copied : m.lesson.copy}
      </Button>
    </details>
  );
}
