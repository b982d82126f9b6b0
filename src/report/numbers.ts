/** Formats a fraction as 89.68 %. */
export function percent(share: number, decimals = 2): string {
  return `${(share * 100).toFixed(decimals)} %`;
}

/** Formats an integer as 60,000. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** Formats a count of things: 1 image, 2 images. */
export function counted(value: number, one: string, several = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : several}`;
}

/** The standard error of a proportion p in a sample of n: √(p(1 − p)/n). */
export function standardError(share: number, samples: number): number {
  return Math.sqrt((share * (1 - share)) / samples);
}

/** Formats seconds as 0:07, 3:05 or 1:02:09. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
