import type { ComponentType } from "preact";
import type { ViewName } from "../state/url.js";

/** What a view's folder gives: its View. Each is a file of its own, fetched when it is opened first. */
interface ViewModule {
  readonly View: ComponentType;
}

/** The views by name. */
export const VIEW_MODULES: Readonly<Record<ViewName, () => Promise<ViewModule>>> = {
  train: () => import("./train/View.js"),
  inspect: () => import("./inspect/View.js"),
  understand: () => import("./understand/View.js"),
  compare: () => import("./compare/View.js"),
};
