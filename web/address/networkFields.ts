import { choice, flag, optionalChoice } from "./fields.js";

/** The networks that the view Network shows: those that come with the page, and the selected run's. */
export const SHOWN_NETWORKS = ["digits", "clothes", "run"] as const;
export type ShownNetwork = (typeof SHOWN_NETWORKS)[number];

/** The fields of the Network view; their names start with the view's. */
export const networkFields = {
  /** Whether the network stands in space. */
  networkSpace: flag(false),
  /** The page for paper instead, with or without its solutions. */
  networkSheet: optionalChoice(["tasks", "solutions"] as const),
  networkShow: choice(SHOWN_NETWORKS, "digits"),
};
