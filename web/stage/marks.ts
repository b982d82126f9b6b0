import { signal } from "@preact/signals";
import type { SceneMark } from "../scene/paint.js";

/** A window of the image, marked on the pad: its extents as shares of the image's, and its name. */
export interface PadMark {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  readonly name: string;
}

/** What the tour marks on the pad. */
export const padMarks = signal<readonly PadMark[]>([]);

/** What the tour marks in the scene. */
export const sceneMarks = signal<readonly SceneMark[]>([]);
