const POLYNOMIAL = 0xedb88320;

/** The remainder for each byte. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  return remainder;
});

/** The CRC-32 used by zip archives and PNG. */
export function crc32(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (let place = 0; place < bytes.length; place++) {
    remainder = (remainder >>> 8) ^ TABLE[(remainder ^ bytes[place]) & 0xff];
  }
  return ~remainder >>> 0;
}
