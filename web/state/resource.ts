import { effect, type ReadonlySignal, signal } from "@preact/signals";

/**
 * The newest answer to a question that takes time, asked anew when a signal that it reads changes, and only while somebody
 * looks at the answer. Until the next answer is there, the last one stays.
 *
 * @param ask reads its signals before it first waits; undefined if there is nothing to ask
 */
export function resource<Answer>(ask: () => Promise<Answer> | undefined): ReadonlySignal<Answer | undefined> {
  let stop: (() => void) | undefined;
  const answer = signal<Answer | undefined>(undefined, {
    watched: () => {
      let newest = 0;
      stop = effect(() => {
        const asked = ++newest;
        const pending = ask();
        if (!pending) {
          answer.value = undefined;
          return;
        }
        void pending.then((value) => {
          if (asked === newest) answer.value = value;
        });
      });
    },
    unwatched: () => stop?.(),
  });
  return answer;
}
