import { messages } from "./messages/index.js";

/** The view "Understand". */
export function View() {
  return <h1>{messages().title}</h1>;
}
