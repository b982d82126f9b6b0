import { MAXIMUM_PIXELS } from "./header.js";

/** A claim to some pixels. */
interface Claim {
  readonly pixels: number;
  readonly onGranted: () => void;
}

// One for the process: a small file can unpack to a gigabyte, and there is a thread for every core.
let left = MAXIMUM_PIXELS;
const waiting: Claim[] = [];

/**
 * Takes pixels from what this process may decode at a time: as many as the largest image has. Who asked first comes
 * first.
 *
 * @param onGranted called once they are granted, perhaps at once
 * @returns gives them back, or withdraws the claim; to be called once
 */
export function takePixels(pixels: number, onGranted: () => void): () => void {
  const claim = { pixels, onGranted };
  waiting.push(claim);
  grantNext();
  return () => {
    const place = waiting.indexOf(claim);
    if (place >= 0) waiting.splice(place, 1);
    else left += pixels;
    grantNext();
  };
}

function grantNext(): void {
  for (let claim = waiting[0]; claim && claim.pixels <= left; claim = waiting[0]) {
    waiting.shift();
    left -= claim.pixels;
    claim.onGranted();
  }
}
