import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";

export interface ScrollRegionProps {
  readonly label: string;
  readonly children: ComponentChildren;
}

/** Content that may be wider than the page, in a horizontally scrollable region. */
export function ScrollRegion({ label, children }: ScrollRegionProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it must be focusable to scroll with the keyboard
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

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
