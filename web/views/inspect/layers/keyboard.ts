/** The direction of each arrow key. */
export const ARROWS: Readonly<Record<string, readonly [right: number, down: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The id of the details' heading. */
export const DETAIL_HEADING = "inspect-detail";

/** Moves the focus to the details of the selected unit, and scrolls there if needed. */
export function focusDetail(): void {
  document.getElementById(DETAIL_HEADING)?.focus();
}
