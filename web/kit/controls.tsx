import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";

/** 16 × 16 paths, filled with the text colour. */
const PATHS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  step: "M3 2.5v11l7-5.5zM11 2.5h2v11h-2z",
  back: "M13 2.5v11L6 8zM3 2.5h2v11H3z",
  stepEpoch: "M1.5 3v10L7 8zM7 3v10l5.5-5zM13 3h1.8v10H13z",
  reset: "M8 2.5a5.5 5.5 0 1 1-5.2 3.7l1.6.5A3.9 3.9 0 1 0 8 4.1V7L4.2 3.4 8 0z",
  remove: "m3.5 2.4 4.5 4.5 4.5-4.5 1.1 1.1L9.1 8l4.5 4.5-1.1 1.1L8 9.1l-4.5 4.5-1.1-1.1L6.9 8 2.4 3.5z",
  camera:
    "M5.5 3 4.6 4.5H1v9h14v-9h-3.6L10.5 3zM8 6a3 3 0 1 1 0 6 3 3 0 0 1 0-6zm0 1.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2z",
  present: "M1 2h14v9H9.2l2 3.4-1.2.7L8 11.6l-2 3.5-1.2-.7 2-3.4H1zm1.4 1.4v6.2h11.2V3.4z",
  keyboard:
    "M1 3.5h14v9H1zM2.4 4.9v6.2h11.2V4.9zM4 6h1.4v1.4H4zm2.7 0h1.4v1.4H6.7zm2.7 0h1.4v1.4H9.4zM4.6 8.7h6.8v1.3H4.6z",
} as const;

export type IconName = keyof typeof PATHS;

/** A decorative icon beside text. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

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

export interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

/** A choice of one of a few options, all visible. */
export function Choice<Value extends string>({ label, options, value, onChange }: ChoiceProps<Value>) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      <div>
        {options.map((option) => (
          <label key={option.value}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** A drop-down list. */
export function Select<Value extends string>({ label, options, value, onChange }: ChoiceProps<Value>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value as Value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}

export interface TextFieldProps {
  readonly label: string;
  /** Empty if the placeholder shows the default. */
  readonly value: string;
  readonly placeholder?: string;
  /** Returns what is wrong with a text, or undefined if it is valid. */
  readonly mistake: (text: string) => string | undefined;
  /** Called with a valid text once it has been committed. */
  readonly onChange: (text: string) => void;
  readonly numeric?: boolean;
}

/** A line of text, applied on commit and marked while it is invalid. */
export function TextField({ label, value, placeholder, mistake, onChange, numeric }: TextFieldProps) {
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const fault = mistake(text);
  const take = () => {
    if (fault === undefined && text !== value) onChange(text);
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        inputMode={numeric ? "decimal" : undefined}
        autocomplete="off"
        spellcheck={false}
        value={text}
        placeholder={placeholder}
        aria-invalid={fault !== undefined}
        aria-describedby={fault === undefined ? undefined : `${id}-fault`}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onChange={take}
        onKeyDown={({ key }) => key === "Enter" && take()}
      />
      {fault !== undefined && (
        <p class="fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
    </div>
  );
}
