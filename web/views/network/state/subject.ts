import { Subject } from "../../../stage/subject.js";
import { shown } from "./network.js";
import { learning } from "./progress.js";

/** The network on display. */
export const subject = new Subject(shown, learning);
