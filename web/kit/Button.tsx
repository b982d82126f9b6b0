import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./Icon.js";

export interface ButtonProps {
  readonly onClick: () => void;
  /** The one thing that is done most stands out. */
  readonly primary?: boolean;
  readonly disabled?: boolean;
  readonly icon?: IconName;
  /** What it is called where it shows an icon alone. */
  readonly label?: string;
  readonly children?: ComponentChildren;
}

/** A button. */
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
