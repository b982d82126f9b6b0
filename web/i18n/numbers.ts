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

/** A whole number: 61,706. */
export const formatCount = (value: number) => formats.value.count.format(value);

/** A share: 98.25%. */
export const formatPercent = (share: number) => formats.value.percent.format(share);

/** A loss: 0.0642. */
export const formatLoss = (loss: number) => formats.value.loss.format(loss);
