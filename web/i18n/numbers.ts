import { computed } from "@preact/signals";
import { language } from "./language.js";

const formats = computed(() => {
  const locale = { en: "en-US", zh: "zh-CN" }[language.value];
  return {
    count: new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }),
    percent: new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    loss: new Intl.NumberFormat(locale, { minimumFractionDigits: 4, maximumFractionDigits: 4 }),
  };
});

/** An integer: 61,706. */
export const formatCount = (value: number) => formats.value.count.format(value);

/** A fraction as a percentage: 98.25%. */
export const formatPercent = (share: number) => formats.value.percent.format(share);

/** A loss: 0.0642. */
export const formatLoss = (loss: number) => formats.value.loss.format(loss);

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
