import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The path of a program; undefined if it is not installed. */
export function findProgram(name) {
  const paths = (process.env.PATH ?? "").split(delimiter).map((path) => join(path, name));
  return paths.find((path) => existsSync(path));
}

/** The path of Firefox; undefined if it is not installed. */
export function findFirefox() {
  return findProgram("firefox") ?? findProgram("firefox-esr");
}

/** The path of WebKitGTK's small browser; undefined if that, or Xvfb, which it is shown on, is not installed. */
export function findWebKit() {
  const folders = ["/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1", "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.0"];
  const browser = folders.map((path) => join(path, "MiniBrowser")).find((path) => existsSync(path));
  return findProgram("xvfb-run") && browser;
}
