import type { RandomStream } from "../../src/numeric/philox.js";

const EDGES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/** A file with one to four small random changes. */
export function mutate(original: Uint8Array, stream: RandomStream): Uint8Array {
  let bytes = new Uint8Array(original);
  for (let count = 1 + stream.below(4); count > 0; count--) {
    const place = stream.below(bytes.length);
    const length = 1 + stream.below(8);
    switch (stream.below(6)) {
      case 0:
        bytes[place] ^= 1 << stream.below(8);
        break;
      case 1:
        bytes[place] = stream.below(256);
        break;
      case 2:
        bytes.fill(EDGES[stream.below(EDGES.length)], place, place + length);
        break;
      case 3:
        bytes = joined(bytes.subarray(0, place), bytes.subarray(place + length));
        break;
      case 4: {
        const from = stream.below(bytes.length);
        bytes = joined(bytes.subarray(0, place), bytes.subarray(from, from + length), bytes.subarray(place));
        break;
      }
      default:
        if (stream.below(8) === 0) bytes = bytes.slice(0, place + 1);
    }
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}
