/**
 * TFRecords (https://www.tensorflow.org/tutorials/load_data/tfrecord): the framing of event files. Each record is its
 * length (uint64), the masked CRC-32C of the length, the bytes, and the masked CRC-32C of the bytes.
 */

const HEADER_BYTES = 12;
const FOOTER_BYTES = 4;

/** Frames a record. */
export function writeRecord(bytes: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEADER_BYTES + bytes.length + FOOTER_BYTES);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(bytes.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(bytes, HEADER_BYTES);
  view.setUint32(HEADER_BYTES + bytes.length, maskedCrc(bytes), true);
  return record;
}

/** A whole record of a file. */
export interface FileRecord {
  readonly bytes: Uint8Array;
  /** Where it ends in the file. */
  readonly end: number;
}

/** The records of a file, up to the first one that is cut off or damaged. */
export function* readRecords(file: Uint8Array): Generator<FileRecord> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let place = 0; place + HEADER_BYTES + FOOTER_BYTES <= file.length; ) {
    const length = Number(view.getBigUint64(place, true));
    const end = place + HEADER_BYTES + length + FOOTER_BYTES;
    if (!(end <= file.length)) return;
    const bytes = file.subarray(place + HEADER_BYTES, end - FOOTER_BYTES);
    const isWhole =
      view.getUint32(place + 8, true) === maskedCrc(file.subarray(place, place + 8)) &&
      view.getUint32(end - FOOTER_BYTES, true) === maskedCrc(bytes);
    if (!isWhole) return;
    yield { bytes, end };
    place = end;
  }
}

/** CRC-32C (Castagnoli), reflected, one byte at a time. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1;
  return remainder;
});

/** The CRC-32C of bytes. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** TensorFlow rotates and shifts it, so that a record of records does not have the CRC of its CRCs. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
