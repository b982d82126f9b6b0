import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { CONTROLS, type Control } from "../address/pageFields.js";
import { addressWith, changeUrl, url } from "../address/url.js";
import { Button } from "../kit/controls.js";
import { Dialog } from "../kit/Dialog.js";
import { messages } from "./messages/index.js";

/** The height of the code for another page, in CSS pixels. */
const FRAME_HEIGHT = 720;

/** Presents the page, or gives it to others: as a link with fewer controls, within another page, or on paper. */
export function Classroom() {
  const m = messages();
  const open = useSignal(false);
  return (
    <>
      <button
        type="button"
        class="link"
        onClick={() => {
          open.value = true;
        }}
      >
        {m.classroom}
      </button>
      <Dialog open={open} title={m.classroom} close={m.close}>
        <Choices
          onLeave={() => {
            open.value = false;
          }}
        />
      </Dialog>
    </>
  );
}

function Choices({ onLeave }: { readonly onLeave: () => void }) {
  const m = messages();
  const hidden = useSignal<readonly Control[]>(url.peek().hide);
  const hide = CONTROLS.filter((control) => hidden.value.includes(control));
  const addressOf = (changes: Parameters<typeof addressWith>[0]) =>
    new URL(addressWith({ hide, ...changes }), location.href).href;
  const frame = addressOf({ embed: true }).replaceAll("&", "&amp;");
  return (
    <div class="classroom">
      <div class="buttons">
        <Button
          primary
          icon="present"
          onClick={() => {
            onLeave();
            changeUrl({ present: true });
          }}
        >
          {m.present}
        </Button>
        <a
          class="button"
          onClick={onLeave}
          href={addressWith({ view: "network", networkSheet: "tasks", tour: undefined, lesson: undefined })}
        >
          {m.worksheet}
        </a>
      </div>
      <fieldset>
        <legend>{m.hide}</legend>
        {CONTROLS.map((control) => (
          <label key={control} class="check">
            <input
              type="checkbox"
              checked={hidden.value.includes(control)}
              onChange={({ currentTarget }) => {
                const others = hidden.value.filter((one) => one !== control);
                hidden.value = currentTarget.checked ? [...others, control] : others;
              }}
            />
            <span>{m.controls[control]}</span>
          </label>
        ))}
      </fieldset>
      <Copied label={m.classLink} text={addressOf({})} />
      <Copied
        label={m.frame}
        text={`<iframe src="${frame}" title="${m.title}" width="100%" height="${FRAME_HEIGHT}" allow="camera"></iframe>`}
      />
      <p class="quiet">{m.frameNote}</p>
    </div>
  );
}

/** A text to be copied. */
function Copied({ label, text }: { readonly label: string; readonly text: string }) {
  const m = messages();
  const id = useId();
  const copied = useSignal("");
  return (
    <div class="copied">
      <label for={id}>{label}</label>
      <textarea id={id} readOnly rows={2} value={text} />
      <Button
        onClick={() =>
          void navigator.clipboard.writeText(text).then(() => {
            copied.value = text;
          })
        }
      >
        {copied.value === text ? m.isCopied : m.copy}
      </Button>
    </div>
  );
}
