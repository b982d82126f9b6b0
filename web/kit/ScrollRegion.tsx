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
