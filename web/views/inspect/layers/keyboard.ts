/** Where each arrow key goes. */
export const ARROWS: Readonly<Record<string, readonly [right: number, down: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Of the heading of what is told of the selected unit. */
export const DETAIL_HEADING = "inspect-detail";

/** Takes the keyboard, and the page where it is short, to what is told of the selected unit. */
export function focusDetail(): void {
  document.getElementById(DETAIL_HEADING)?.focus();
}
