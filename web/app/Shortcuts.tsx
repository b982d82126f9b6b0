import { signal } from "@preact/signals";
import { LANGUAGES } from "../address/pageFields.js";
import { changeUrl, url, VIEWS } from "../address/url.js";
import { language } from "../i18n/language.js";
import { Dialog } from "../kit/Dialog.js";
import { type ShortcutGroup, shortcutGroups, useShortcuts } from "../state/shortcuts.js";
import { theme } from "../styles/theme.js";
import { messages } from "./messages/index.js";

/** Whether the dialog is open. */
export const shortcutsOpen = signal(false);

const EVERYWHERE: ShortcutGroup = {
  title: () => messages().everywhere,
  shortcuts: [
    ...VIEWS.map((view, index) => ({
      key: String(index + 1),
      label: () => messages().showView(messages().view[view]),
      act: () => changeUrl({ view }),
    })),
    {
      key: "t",
      label: () => messages().switchTheme,
      act: () => changeUrl({ theme: theme.value === "dark" ? "light" : "dark" }),
    },
    {
      key: "l",
      label: () => messages().switchLanguage,
      act: () => changeUrl({ lang: LANGUAGES.find((one) => one !== language.value) }),
    },
    {
      key: "p",
      label: () => messages().switchPresent,
      act: () => changeUrl({ present: !url.peek().present }),
    },
    {
      key: "?",
      label: () => messages().showShortcuts,
      act: () => {
        shortcutsOpen.value = true;
      },
    },
  ],
};

/** The dialog that lists the shortcuts, and the shortcuts that work everywhere. */
export function Shortcuts() {
  useShortcuts(EVERYWHERE);
  const m = messages();
  return (
    <Dialog open={shortcutsOpen} title={m.shortcuts} close={m.close}>
      {shortcutGroups.value.map(({ title, shortcuts }) => (
        <section key={title()}>
          <h3>{title()}</h3>
          <dl class="keys">
            {shortcuts.map(({ key, label }) => (
              <div key={key}>
                <dt>
                  <kbd>{key === " " ? "Space" : key}</kbd>
                </dt>
                <dd>{label()}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <label class="check">
        <input
          type="checkbox"
          checked={url.value.keys}
          onChange={({ currentTarget }) => changeUrl({ keys: currentTarget.checked })}
        />
        <span>{m.shortcutsOn}</span>
      </label>
    </Dialog>
  );
}
