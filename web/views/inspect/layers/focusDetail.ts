/** Of the heading of what is told of the selected unit. */
export const DETAIL_HEADING = "inspect-detail";

/** Takes the keyboard, and the page where it is short, to what is told of the selected unit. */
export function focusDetail(): void {
  document.getElementById(DETAIL_HEADING)?.focus();
}
