/** Zip archives whose entries are stored, not compressed, as in PyTorch's .pth files. */

export const LOCAL_HEADER = { signature: 0x04034b50, bytes: 30 } as const;
export const CENTRAL_HEADER = { signature: 0x02014b50, bytes: 46 } as const;
export const END = { signature: 0x06054b50, bytes: 22 } as const;

/** The compression method of an uncompressed entry. */
export const STORED = 0;

/** The only method of compression that PyTorch knows. */
export const DEFLATED = 8;

/** The id and the length of an extra field. */
export const EXTRA_HEADER_BYTES = 4;

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
