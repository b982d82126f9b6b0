import { drawing } from "../state/shownPicture.js";

/** Takes the last stroke back. */
export function undoStroke(): void {
  drawing.value = { strokes: drawing.peek().strokes.slice(0, -1), isExample: false };
}

/** Takes all strokes away. */
export function clearDrawing(): void {
  drawing.value = { strokes: [], isExample: false };
}
