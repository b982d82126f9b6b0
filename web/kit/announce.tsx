import { signal } from "@preact/signals";

const text = signal("");

/** Has screen readers say something, once they have finished what they are saying. */
export function announce(message: string): void {
  text.value = message;
}

/** Where screen readers hear what is announced; once on the page. */
export function Announcer() {
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}
