import type { RandomStream } from "../../src/numeric/philox.js";

const EDGES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/** A file after one to four small accidents. */
export function mutate(original: Uint8Array, stream: RandomStream): Uint8Array {
  let bytes = [...original];
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
        bytes.splice(place, length);
        break;
      case 4:
        bytes.splice(place, 0, ...bytes.slice(stream.below(bytes.length)).slice(0, length));
        break;
      default:
        if (stream.below(8) === 0) {
          bytes = bytes.slice(0, place + 1);
        }
    }
  }
  return Uint8Array.from(bytes);
}
