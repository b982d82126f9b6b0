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

// Loaded after what the visitor sees first.
void shown.then(async () => (await import("../state/keeping.js")).keepRuns());

const server = await askServer();
// `lenet lab` stops with its command, so there is nothing to keep from it.
if (!server && import.meta.env.PROD) {
  await shown;
  await keepOffline();
}
