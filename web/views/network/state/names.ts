import { areDigits, classes } from "./network.js";

/** The name of a class. */
export function className(index: number): string {
  return classes.value[index] ?? String(index);
}

/** Whether the names of classes are words, rather than a character each. */
export function haveWords(): boolean {
  return !areDigits.value;
}
