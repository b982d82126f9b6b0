import { existsSync } from "node:fs";
import { Option } from "commander";

export const forceOption = () => new Option("--force", "replace the file if it exists");

/** @throws Error if a file exists that must not be replaced */
export function requireFree(path: string, isForced = false): void {
  if (isForced || !existsSync(path)) return;
  throw new Error(`${path} already exists: choose another file with --out, or replace it with --force`);
}
