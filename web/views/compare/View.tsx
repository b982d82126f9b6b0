import { messages } from "./messages/index.js";

/** The view "Compare and keep". */
export function View() {
  return <h1>{messages().title}</h1>;
}
