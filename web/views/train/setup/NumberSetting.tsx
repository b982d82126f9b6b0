import { type NumberRange, parseNumber } from "../../../address/fields.js";
import { formatCount } from "../../../i18n/numbers.js";
import { TextField } from "../../../kit/controls.js";
import { messages } from "../messages/index.js";

export interface NumberSettingProps {
  readonly label: string;
  readonly range: NumberRange;
  /** Undefined for the default. */
  readonly value: number | undefined;
  /** The default, shown while the field is empty. */
  readonly standard: number | string;
  readonly onChange: (value: number | undefined) => void;
}

/** A number in a range; clearing the field restores the default. */
export function NumberSetting({ label, range, value, standard, onChange }: NumberSettingProps) {
  const mistake = (text: string) => {
    if (text.trim() === "" || parseNumber(text, range) !== undefined) return undefined;
    const ends = [range.least, range.most].map((end) => (range.whole ? formatCount(end) : String(end)));
    return (range.whole ? messages().wholeRange : messages().range)(ends[0], ends[1]);
  };
  return (
    <TextField
      numeric
      label={label}
      value={value === undefined ? "" : String(value)}
      placeholder={String(standard)}
      mistake={mistake}
      onChange={(text) => onChange(parseNumber(text, range))}
    />
  );
}
