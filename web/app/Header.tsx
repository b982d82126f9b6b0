import { LANGUAGES, THEMES } from "../address/pageFields.js";
import { addressWith, changeUrl, url, VIEWS, view } from "../address/url.js";
import { language } from "../i18n/language.js";
import { Button } from "../kit/controls.js";
import { messages } from "./messages/index.js";
import { shortcutsOpen } from "./Shortcuts.js";

/** Each language's own name for itself. */
const LANGUAGE_NAMES = { en: "English", zh: "中文" } as const;

/** The page header: views, language and theme. */
export function Header() {
  const m = messages();
  return (
    <header class="header">
      <a class="brand" href={addressWith({ view: "network" })}>
        <img src="./icon.svg" width="26" height="26" alt="" />
        <span>{m.title}</span>
      </a>
      <nav class="tabs" aria-label={m.views}>
        <ul>
          {VIEWS.map((name) => (
            <li key={name}>
              <a href={addressWith({ view: name })} aria-current={name === view.value ? "page" : undefined}>
                {m.view[name]}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="settings">
        <select
          aria-label={m.language}
          value={language.value}
          onChange={({ currentTarget }) => changeUrl({ lang: LANGUAGES.find((one) => one === currentTarget.value) })}
        >
          {LANGUAGES.map((one) => (
            <option key={one} value={one} lang={one}>
              {LANGUAGE_NAMES[one]}
            </option>
          ))}
        </select>
        <select
          aria-label={m.theme}
          value={url.value.theme ?? "system"}
          onChange={({ currentTarget }) => changeUrl({ theme: THEMES.find((one) => one === currentTarget.value) })}
        >
          {(["system", ...THEMES] as const).map((one) => (
            <option key={one} value={one}>
              {m.themes[one]}
            </option>
          ))}
        </select>
        <Button icon="present" label={m.present} onClick={() => changeUrl({ present: true })} />
        <Button icon="keyboard" label={m.shortcuts} onClick={() => (shortcutsOpen.value = true)} />
      </div>
    </header>
  );
}
