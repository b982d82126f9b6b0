import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./Icon.js";

export interface ButtonProps {
  readonly onClick: () => void;
  /** Highlights the main action. */
  readonly primary?: boolean;
  readonly disabled?: boolean;
  readonly icon?: IconName;
  /** The accessible name of a button that shows only an icon. */
  readonly label?: string;
  readonly children?: ComponentChildren;
}

export function Button({ onClick, primary, disabled, icon, label, children }: ButtonProps) {
  return (
    <button
      type="button"
      class={`button${primary ? " primary" : ""}${children === undefined ? " bare" : ""}`}
      disabled={disabled}
      aria-label={label}
      title={label}
      onClick={onClick}
    >
      {icon && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
}
