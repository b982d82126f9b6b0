import { useEffect, useId, useState } from "preact/hooks";

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
