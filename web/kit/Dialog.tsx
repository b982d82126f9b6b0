import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Button } from "./controls.js";

export interface DialogProps {
  readonly open: Signal<boolean>;
  readonly title: string;
  /** The text of its close button. */
  readonly close: string;
  readonly children: ComponentChildren;
}

/** A modal dialog; Escape closes it, too. */
export function Dialog({ open, title, close, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const isOpen = open.value;
  useEffect(() => {
    if (isOpen && !ref.current?.open) ref.current?.showModal();
    if (!isOpen) ref.current?.close();
  }, [isOpen]);
  const onClose = () => {
    open.value = false;
  };
  return (
    <dialog ref={ref} class="dialog" aria-labelledby={titleId} onClose={onClose}>
      {isOpen && (
        <>
          <div class="head">
            <h2 id={titleId}>{title}</h2>
            <Button icon="remove" label={close} onClick={onClose} />
          </div>
          {children}
        </>
      )}
    </dialog>
  );
}
