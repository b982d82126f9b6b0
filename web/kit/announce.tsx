import { signal } from "@preact/signals";

const text = signal("");

/** Has screen readers read a message once they have finished the current one. */
export function announce(message: string): void {
  text.value = message;
}

/** The live region for announcements; one per page. */
export function Announcer() {
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}
