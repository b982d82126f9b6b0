import type { RandomStream } from "../../src/numeric/philox.js";

const EDGES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/** A file after one to four small accidents. */
export function mutate(original: Uint8Array, stream: RandomStream): Uint8Array {
  let bytes = original.slice();
  for (let count = 1 + stream.below(4); count > 0; count--) {
    const place = stream.below(bytes.length);
    const end = Math.min(place + 1 + stream.below(8), bytes.length);
    switch (stream.below(6)) {
      case 0:
        bytes[place] ^= 1 << stream.below(8);
        break;
      case 1:
        bytes[place] = stream.below(256);
        break;
      case 2:
        bytes.fill(EDGES[stream.below(EDGES.length)], place, end);
        break;
      case 3:
        bytes = joined(bytes.subarray(0, place), bytes.subarray(end));
        break;
      case 4: {
        const from = stream.below(bytes.length);
        bytes = joined(bytes.subarray(0, place), bytes.subarray(from, from + end - place), bytes.subarray(place));
        break;
      }
      default:
        if (stream.below(8) === 0) bytes = bytes.subarray(0, place + 1);
    }
  }
  return bytes;
}

function joined(...pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const piece of pieces) {
    whole.set(piece, place);
    place += piece.length;
  }
  return whole;
}
