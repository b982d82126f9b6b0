import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/kit.css";
import "../styles/shell.css";
import "../styles/classroom.css";
import { render } from "preact";
import { askServer } from "../state/server.js";
import "../styles/theme.js";
import { App, shown } from "./App.js";
import { keepOffline } from "./offline.js";

const root = document.getElementById("app");
if (root) render(<App />, root);

void afterTheFirstView();

/** No top-level await: the other views import from this file's chunk, and would wait for it. */
async function afterTheFirstView(): Promise<void> {
  const server = await askServer();
  await shown;
  void import("../state/keeping.js").then(({ keepRuns }) => keepRuns());
  // `lenet lab` stops with its command, so there is nothing to keep from it.
  if (!server && import.meta.env.PROD) await keepOffline();
}
