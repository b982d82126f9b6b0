import { effect, type ReadonlySignal, signal } from "@preact/signals";

/**
 * The latest result of an asynchronous function, which runs again when a signal that it reads changes, and only while
 * the result is being watched. The previous result stays until the next arrives.
 *
 * @param ask reads its signals before its first await; returns undefined if there is nothing to compute
 */
export function resource<Answer>(ask: () => Promise<Answer> | undefined): ReadonlySignal<Answer | undefined> {
  let stop: (() => void) | undefined;
  const answer = signal<Answer | undefined>(undefined, {
    watched: () => {
      let newest = 0;
      stop = effect(() => {
        const request = ++newest;
        const pending = ask();
        if (!pending) {
          answer.value = undefined;
          return;
        }
        void pending.then((value) => {
          if (request === newest) answer.value = value;
        });
      });
    },
    unwatched: () => stop?.(),
  });
  return answer;
}
