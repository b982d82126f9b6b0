import { computed } from "@preact/signals";
import { language } from "./language.js";

/** A format in the page's language. Each is made when it is first used, as that takes a while. */
function formatOf(options: Intl.NumberFormatOptions) {
  return computed(() => new Intl.NumberFormat({ en: "en-US", zh: "zh-CN" }[language.value], options));
}

const percent = formatOf({ style: "percent", minimumFractionDigits: 2, maximumFractionDigits: 2 });
const lossFormat = formatOf({ minimumFractionDigits: 4, maximumFractionDigits: 4 });

/** An integer: 61,706. Both languages write it so; Intl would take the first view some time to load. */
export const formatCount = (value: number) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");

/** A fraction as a percentage: 98.25%. */
export const formatPercent = (share: number) => percent.value.format(share);

/** A loss: 0.0642. */
export const formatLoss = (loss: number) => lossFormat.value.format(loss);

/** A value with few digits: −0.482, 0.00031, 2.7e−8. */
export function formatValue(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  // What three decimal places would round away gets two significant digits.
  if (size < 1e-6) return `${value < 0 ? "−" : ""}${size.toExponential(1).replace("-", "−")}`;
  if (size < 0.01) return withMinus(value, 1 - Math.floor(Math.log10(size)));
  return withMinus(value, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

/** A value for comparison: seven decimal places. */
export const formatExact = (value: number): string => withMinus(value, 7);

/** A number with a real minus sign; no minus for zero. */
export function withMinus(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}
