/** A window that moves over one dimension of an image. */
export interface WindowMove {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/**
 * Declares `<name>First` and `<name>End`: the windows, of so many, that cover a place.
 *
 * @param place WGSL, an i32
 */
export function coveringWindows(
  name: string,
  place: string,
  windows: number,
  { kernel, stride, padding }: WindowMove,
): string {
  const padded = padding === 0 ? place : `(${place} + ${padding})`;
  return `
    let ${name}First = max(0, ${padded} - ${kernel - stride}) / ${stride};
    let ${name}End = min(${windows}, ${padded} / ${stride} + 1);`;
}
