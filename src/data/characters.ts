/**
 * Whether classes are characters (each named by one letter or digit): their mirror images mean something else or nothing,
 * so that flips would only teach mistakes.
 */
export function areCharacters(classes: readonly string[]): boolean {
  return classes.every((name) => /^[\p{Letter}\p{Number}]$/u.test(name));
}
