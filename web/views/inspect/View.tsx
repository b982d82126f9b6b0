import { messages } from "./messages/index.js";

/** The view "Look inside". */
export function View() {
  return <h1>{messages().title}</h1>;
}
