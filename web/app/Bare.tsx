import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { addressWith, changeUrl, url } from "../address/url.js";
import { Button } from "../kit/controls.js";
import { messages } from "./messages/index.js";

/** How long the way out of a presentation is in sight after the pointer has moved. */
const SHOWN_MILLISECONDS = 2500;

/** What is left of the page around a view that is presented or embedded: the way out. */
export function Bare() {
  return url.value.embed ? <Whole /> : <EndPresentation />;
}

/** Opens the whole page, from within another page. */
function Whole() {
  const m = messages();
  return (
    <a class="bare-way" href={addressWith({ embed: false, present: false, hide: [] })} target="_blank" rel="noopener">
      {m.openWhole}
    </a>
  );
}

/** Ends the presentation; in sight while the pointer moves, or while it has the focus. */
function EndPresentation() {
  const isShown = useSignal(true);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const show = () => {
      isShown.value = true;
      clearTimeout(timer);
      timer = setTimeout(() => {
        isShown.value = false;
      }, SHOWN_MILLISECONDS);
    };
    show();
    addEventListener("pointermove", show);
    return () => {
      clearTimeout(timer);
      removeEventListener("pointermove", show);
    };
  }, [isShown]);
  return (
    <div class={`bare-way ${isShown.value ? "" : "is-quiet"}`}>
      <Button onClick={() => changeUrl({ present: false })}>{messages().endPresent}</Button>
    </div>
  );
}
