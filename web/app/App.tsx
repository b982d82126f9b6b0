import { useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { canShareMemory } from "../../src/browser/index.js";
import { url, type ViewName, view } from "../address/url.js";
import { Announcer } from "../kit/regions.js";
import * as network from "../views/network/View.js";
import { Bare } from "./Bare.js";
import { Classroom } from "./Classroom.js";
import { DropAnywhere } from "./DropAnywhere.js";
import { Header } from "./Header.js";
import { Images } from "./Images.js";
import { messages } from "./messages/index.js";
import { Shortcuts } from "./Shortcuts.js";
import { Undo } from "./Undo.js";

/** What a view's folder exports: its View. */
interface ViewModule {
  readonly View: ComponentType;
  /** Loads what the view opens with; resolves once it is there, or loading has failed. */
  readonly open?: () => Promise<unknown>;
}

let reportShown: () => void;

/** Resolves once a view has what it opens with; what can wait is loaded after that. */
export const shown = new Promise<void>((resolve) => {
  reportShown = resolve;
});

/** The views by name. The first one comes with the page; each other is its own chunk, loaded when it is first opened. */
const VIEW_MODULES: Readonly<Record<ViewName, () => ViewModule | Promise<ViewModule>>> = {
  network: () => network,
  train: () => import("../views/train/View.js"),
  inspect: () => import("../views/inspect/View.js"),
  understand: () => import("../views/understand/View.js"),
  compare: () => import("../views/compare/View.js"),
};

/** The whole page. */
export function App() {
  const m = messages();
  const isBare = url.value.present || url.value.embed;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("content")?.focus()}>
        {m.skip}
      </button>
      {!isBare && <Header />}
      <main id="content" tabIndex={-1}>
        <OpenView />
      </main>
      {isBare ? (
        <Bare />
      ) : (
        <footer class="footer">
          <p>{m.about}</p>
          <Images />
          <Classroom />
          <p>{canShareMemory() ? m.isolated : m.notIsolated}</p>
        </footer>
      )}
      <DropAnywhere />
      <Undo />
      <Shortcuts />
      <Announcer />
    </>
  );
}

/** The open view, once its chunk has loaded. */
function OpenView() {
  const loaded = useSignal<{ readonly name: string; readonly View?: ComponentType } | undefined>(undefined);
  // Before the first rendering, so that what it opens with is on its way meanwhile.
  useState(() => {
    if (view.peek() !== "network") return;
    void network.open();
    loaded.value = { name: "network", View: network.View };
  });
  useSignalEffect(() => {
    const name = view.value;
    document.title = `${messages().view[name]} – ${messages().title}`;
    Promise.resolve(VIEW_MODULES[name]()).then(
      ({ View, open }) => {
        if (view.peek() === name) loaded.value = { name, View };
        void Promise.resolve(open?.()).finally(reportShown);
      },
      () => {
        if (view.peek() === name) loaded.value = { name };
        reportShown();
      },
    );
  });
  const current = loaded.value;
  if (!current) return <p class="quiet opening">{messages().loading}</p>;
  if (!current.View) return <p role="alert">{messages().viewFailed}</p>;
  // The style sheets of a view apply within it alone.
  return (
    <div data-view={current.name}>
      <current.View key={current.name} />
    </div>
  );
}
