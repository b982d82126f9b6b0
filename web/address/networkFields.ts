import { choice, flag, optionalNumber, optionalText } from "./fields.js";

/** The networks that the view Network shows: those that come with the page, and the selected run's. */
export const SHOWN_NETWORKS = ["digits", "clothes", "run"] as const;
export type ShownNetwork = (typeof SHOWN_NETWORKS)[number];

/** The fields of the Network view; their names start with the view's. */
export const networkFields = {
  /** Whether the network stands in space. */
  networkSpace: flag(false),
  networkShow: choice(SHOWN_NETWORKS, "digits"),
  /** One of the images that come with the page. Default: a drawing. */
  networkSample: optionalNumber({ least: 0, most: 99, whole: true }),
  /** The chosen map or unit by its layer's term, counted from 1, and a place on the map: C3:4 or C3:4:37. Default: the answer. */
  networkPart: optionalText((text) => (/^[A-Z]\w*:[1-9]\d*(:\d+)?$/.test(text) ? text : undefined)),
};
