import { signal } from "@preact/signals";

/** An image file that was dropped anywhere on the page, until Look inside has taken it. */
export const droppedImage = signal<File | undefined>(undefined);
