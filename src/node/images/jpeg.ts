import type { DecodedImage } from "../../data/images/color.js";
import { ImageError } from "./header.js";
import { exifOrientation, upright } from "./orientation.js";

/**
 * Decodes JPEGs to the pixels of libjpeg's defaults ("islow", "fancy upsampling"), which Pillow and ImageMagick use:
 * baseline and progressive, grey and colour, 8 bits. References are to ITU-T T.81.
 */

const SIDE = 8;
const BLOCK = 64;

/** Where the coefficients of a block lie, in the order in which they are coded (figure A.6). */
const ZIGZAG = Uint8Array.from(
  [
    [
      0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
      28,
    ],
    [
      35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
      47,
    ],
    [55, 62, 63],
  ].flat(),
);

/** A photograph has about ten. Each goes through the whole image. */
const MOST_SCANS = 100;

const MARKER = {
  tables: 0xc4,
  restart: 0xd0,
  start: 0xd8,
  end: 0xd9,
  scan: 0xda,
  quantization: 0xdb,
  restartInterval: 0xdd,
  exif: 0xe1,
  jfif: 0xe0,
  adobe: 0xee,
} as const;

interface Component {
  readonly id: number;
  readonly horizontal: number;
  readonly vertical: number;
  readonly table: number;
  /** Its size in samples, without padding. */
  readonly width: number;
  readonly height: number;
  /** Its size in blocks, padded to whole MCUs. */
  readonly blocksAcross: number;
  readonly blocksDown: number;
  /** [block][64], in the order of the rows. */
  readonly coefficients: Int16Array;
  /** The bits by which the lowest coefficients may still grow: -1 if nothing of them came yet. */
  readonly missingBits: Int8Array;
  quantization: Uint16Array | undefined;
  prediction: number;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly progressive: boolean;
  readonly mostHorizontal: number;
  readonly mostVertical: number;
  readonly components: readonly Component[];
}

/** The bits of the coded values that a lookup resolves at once. */
const LOOKUP_BITS = 9;

/** A Huffman table: `lookup` has length << 8 | value for codes of up to LOOKUP_BITS bits; longer ones are compared. */
interface HuffmanTable {
  readonly lookup: Uint16Array;
  readonly values: Uint8Array;
  /** The largest code of each length, and what to add to a code for the index of its value. */
  readonly largest: Int32Array;
  readonly offset: Int32Array;
}

/** What is in the segments before and between the scans. */
interface Tables {
  readonly quantization: (Uint16Array | undefined)[];
  readonly direct: (HuffmanTable | undefined)[];
  readonly alternating: (HuffmanTable | undefined)[];
  restartInterval: number;
}

/**
 * Decodes a JPEG and applies its EXIF orientation.
 *
 * @returns undefined if it is of a rare kind: CMYK, arithmetic coding, 12 bits, lossless, or fractional sampling
 * @throws ImageError if it is damaged or cut off
 */
export function decodeJpeg(bytes: Uint8Array): DecodedImage | undefined {
  const tables: Tables = { quantization: [], direct: [], alternating: [], restartInterval: 0 };
  let frame: Frame | undefined;
  let isJfif = false;
  let adobeTransform: number | undefined;
  let orientation = 1;
  let scans = 0;
  let place = 2;
  for (;;) {
    // Other bytes between segments are skipped, as libjpeg does.
    while (place < bytes.length && bytes[place] !== 0xff) place++;
    while (bytes[place] === 0xff) place++;
    const marker = bytes[place++];
    if (marker === undefined) throw cutOff();
    if (marker === MARKER.end) break;
    if (marker === 0 || marker === 1 || (marker >= MARKER.restart && marker <= MARKER.start)) continue;
    if (place + 2 > bytes.length) throw cutOff();
    const length = (bytes[place] << 8) | bytes[place + 1];
    const next = place + length;
    if (length < 2) throw new ImageError("damaged: a segment has no length");
    if (next > bytes.length) throw cutOff();
    const data = bytes.subarray(place + 2, next);
    place = next;
    if (marker === MARKER.quantization) readQuantization(data, tables);
    else if (marker === MARKER.tables) readHuffman(data, tables);
    else if (marker === MARKER.restartInterval) tables.restartInterval = data.length < 2 ? 0 : (data[0] << 8) | data[1];
    else if (marker === MARKER.jfif) isJfif ||= startsWith(data, "JFIF\0");
    else if (marker === MARKER.adobe) {
      if (startsWith(data, "Adobe") && data.length >= 12) adobeTransform = data[11];
    } else if (marker === MARKER.exif) {
      if (startsWith(data, "Exif\0\0")) orientation = exifOrientation(data.subarray(6)) ?? orientation;
    } else if (marker === MARKER.scan) {
      if (!frame) throw new ImageError("damaged: a scan precedes the frame");
      if (++scans > MOST_SCANS) throw new ImageError(`damaged: it has more than ${MOST_SCANS} scans`);
      place = readScan(bytes, data, place, frame, tables);
    } else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8) {
      if (frame) throw new ImageError("damaged: it has two frames");
      if (marker > 0xc2) return undefined;
      frame = readFrame(data, marker === 0xc2);
      if (!frame) return undefined;
    }
  }
  if (!frame || scans === 0) throw new ImageError("damaged: it has no image");
  if (frame.progressive && frame.components.some((component) => wouldBeSmoothed(component))) return undefined;
  for (const { missingBits } of frame.components) {
    if (missingBits[0] < 0) throw new ImageError("damaged: a component is missing");
  }
  const image = render(frame, isDirectColour(frame, isJfif, adobeTransform));
  return upright(image, orientation);
}

function cutOff(): ImageError {
  return new ImageError("damaged: it is cut off");
}

function startsWith(data: Uint8Array, text: string): boolean {
  return data.length >= text.length && [...text].every((letter, index) => data[index] === letter.charCodeAt(0));
}

/** libjpeg guesses what is missing of a progressive image from the neighbouring blocks. */
function wouldBeSmoothed({ missingBits }: Component): boolean {
  return missingBits[0] >= 0 && missingBits.some((bits) => bits !== 0);
}

/** Whether the components are red, green and blue (as in libjpeg's jdapimin.c). */
function isDirectColour({ components }: Frame, isJfif: boolean, adobeTransform: number | undefined): boolean {
  if (isJfif) return false;
  if (adobeTransform !== undefined) return adobeTransform === 0;
  return components.map(({ id }) => String.fromCharCode(id)).join("") === "RGB";
}

function readQuantization(data: Uint8Array, { quantization }: Tables): void {
  for (let place = 0; place < data.length; ) {
    const [precision, index] = [data[place] >> 4, data[place] & 15];
    const bytes = precision === 0 ? 1 : 2;
    place++;
    if (precision > 1 || index > 3 || place + BLOCK * bytes > data.length) {
      throw new ImageError("damaged: a quantization table is invalid");
    }
    const table = new Uint16Array(BLOCK);
    for (let index = 0; index < BLOCK; index++, place += bytes) {
      table[ZIGZAG[index]] = bytes === 1 ? data[place] : (data[place] << 8) | data[place + 1];
    }
    quantization[index] = table;
  }
}

function readHuffman(data: Uint8Array, { direct, alternating }: Tables): void {
  for (let place = 0; place < data.length; ) {
    const [kind, index] = [data[place] >> 4, data[place] & 15];
    const counts = data.subarray(place + 1, place + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const values = data.slice(place + 17, place + 17 + total);
    if (kind > 1 || index > 3 || counts.length < 16 || total > 256 || values.length < total) {
      throw new ImageError("damaged: a Huffman table is invalid");
    }
    (kind === 0 ? direct : alternating)[index] = huffmanTable(counts, values);
    place += 17 + total;
  }
}

/** Annex C: the codes of each length are consecutive numbers. */
function huffmanTable(counts: Uint8Array, values: Uint8Array): HuffmanTable {
  const lookup = new Uint16Array(1 << LOOKUP_BITS);
  const largest = new Int32Array(18).fill(-1);
  const offset = new Int32Array(18);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    offset[length] = index - code;
    for (let left = counts[length - 1]; left > 0; left--, code++, index++) {
      if (code >= 1 << length) throw new ImageError("damaged: a Huffman table is invalid");
      largest[length] = code;
      if (length > LOOKUP_BITS) continue;
      const first = code << (LOOKUP_BITS - length);
      lookup.fill((length << 8) | values[index], first, first + (1 << (LOOKUP_BITS - length)));
    }
    code <<= 1;
  }
  return { lookup, values, largest, offset };
}

function readFrame(data: Uint8Array, progressive: boolean): Frame | undefined {
  if (data.length < 6 || data.length < 6 + 3 * data[5]) throw new ImageError("damaged: its frame header is too short");
  const [height, width, count] = [(data[1] << 8) | data[2], (data[3] << 8) | data[4], data[5]];
  if (data[0] !== 8 || (count !== 1 && count !== 3)) return undefined;
  const described = Array.from({ length: count }, (_, index) => {
    const [id, sampling, table] = data.subarray(6 + 3 * index);
    return { id, horizontal: sampling >> 4, vertical: sampling & 15, table };
  });
  const ids = new Set(described.map(({ id }) => id));
  if (ids.size < count || described.some(({ horizontal, vertical }) => !isFactor(horizontal) || !isFactor(vertical))) {
    throw new ImageError("damaged: its components are invalid");
  }
  const mostHorizontal = Math.max(...described.map(({ horizontal }) => horizontal));
  const mostVertical = Math.max(...described.map(({ vertical }) => vertical));
  const isFractional = described.some(
    ({ horizontal, vertical }) => mostHorizontal % horizontal !== 0 || mostVertical % vertical !== 0,
  );
  if (isFractional) return undefined;
  const components = described.map((component): Component => {
    const { horizontal, vertical } = component;
    const blocksAcross = Math.ceil(width / (SIDE * mostHorizontal)) * horizontal;
    const blocksDown = Math.ceil(height / (SIDE * mostVertical)) * vertical;
    return {
      ...component,
      width: Math.ceil((width * horizontal) / mostHorizontal),
      height: Math.ceil((height * vertical) / mostVertical),
      blocksAcross,
      blocksDown,
      coefficients: new Int16Array(blocksAcross * blocksDown * BLOCK),
      missingBits: new Int8Array(BLOCK).fill(-1),
      quantization: undefined,
      prediction: 0,
    };
  });
  return { width, height, progressive, mostHorizontal, mostVertical, components };
}

const isFactor = (value: number) => value >= 1 && value <= 4;

/** Reads the bits of a scan (section F.2.2.5). Past its end come zeros, of which none may be used. */
class BitReader {
  /** Where the next byte is read. */
  place: number;
  private readonly bytes: Uint8Array;
  private buffer = 0;
  private count = 0;
  /** The bits in the buffer that no byte has given. */
  private invented = 0;

  constructor(bytes: Uint8Array, place: number) {
    this.bytes = bytes;
    this.place = place;
  }

  private fill(): void {
    const { bytes } = this;
    while (this.count <= 16) {
      const byte = bytes[this.place];
      if (byte === undefined || (byte === 0xff && bytes[this.place + 1] !== 0)) {
        this.buffer <<= 8;
        this.invented += 8;
      } else {
        this.buffer = (this.buffer << 8) | byte;
        this.place += byte === 0xff ? 2 : 1;
      }
      this.count += 8;
    }
  }

  private drop(length: number): void {
    this.count -= length;
    if (this.invented > this.count) throw cutOff();
  }

  /** The next bits as a number. */
  take(length: number): number {
    if (length === 0) return 0;
    if (this.count < length) this.fill();
    this.drop(length);
    return (this.buffer >>> this.count) & ((1 << length) - 1);
  }

  /** The next value of a Huffman code. */
  decode({ lookup, values, largest, offset }: HuffmanTable): number {
    if (this.count < 16) this.fill();
    const found = lookup[(this.buffer >>> (this.count - LOOKUP_BITS)) & ((1 << LOOKUP_BITS) - 1)];
    if (found !== 0) {
      this.drop(found >> 8);
      return found & 255;
    }
    for (let length = LOOKUP_BITS + 1; length <= 16; length++) {
      const code = (this.buffer >>> (this.count - length)) & ((1 << length) - 1);
      if (code > largest[length]) continue;
      this.drop(length);
      return values[(code + offset[length]) & 255];
    }
    // Zeros that were invented may look like a code that there is not.
    if (this.invented > 0) throw cutOff();
    throw new ImageError("damaged: a Huffman code is invalid");
  }

  /** A signed value of so many bits (figure F.12). */
  extend(length: number): number {
    if (length === 0) return 0;
    const value = this.take(length);
    return value < 1 << (length - 1) ? value - (1 << length) + 1 : value;
  }

  /** Goes on after the restart marker that must come next. */
  restart(): void {
    this.buffer = 0;
    this.count = 0;
    this.invented = 0;
    const { bytes } = this;
    while (bytes[this.place] === 0xff && bytes[this.place + 1] === 0xff) this.place++;
    const isRestart = bytes[this.place] === 0xff && (bytes[this.place + 1] & 0xf8) === MARKER.restart;
    if (!isRestart) throw this.place + 1 < bytes.length ? new ImageError("damaged: a restart is missing") : cutOff();
    this.place += 2;
  }
}

/** How a scan decodes a block at an offset of the coefficients. */
type BlockDecoder = (component: Component, offset: number) => void;

/** @returns where the scan's data end */
function readScan(bytes: Uint8Array, header: Uint8Array, place: number, frame: Frame, tables: Tables): number {
  const count = header[0];
  if (!(count >= 1 && count <= 4) || header.length < 1 + 2 * count + 3) {
    throw new ImageError("damaged: a scan's header is invalid");
  }
  const [start, end, approximation] = header.subarray(1 + 2 * count);
  const parts = Array.from({ length: count }, (_, index) => {
    const component = frame.components.find(({ id }) => id === header[1 + 2 * index]);
    if (!component) throw new ImageError("damaged: a scan has an unknown component");
    const choice = header[2 + 2 * index];
    return { component, direct: tables.direct[choice >> 4], alternating: tables.alternating[choice & 15] };
  });
  if (new Set(parts.map(({ component }) => component)).size < count) {
    throw new ImageError("damaged: a scan has a component twice");
  }
  const band = frame.progressive
    ? { start, end, high: approximation >> 4, low: approximation & 15 }
    : { start: 0, end: 63, high: 0, low: 0 };
  requireBand(band, count, frame.progressive);
  for (const { component } of parts) {
    noteProgress(component, band);
    // The tables may be replaced between scans; a component keeps those of its first one.
    component.quantization ??= tables.quantization[component.table];
    if (!component.quantization) throw new ImageError("damaged: a quantization table is missing");
  }
  const reader = new BitReader(bytes, place);
  const decoders = parts.map(({ direct, alternating }) => {
    const needsDirect = band.start === 0 && band.high === 0;
    if ((needsDirect && !direct) || (band.end > 0 && !alternating)) {
      throw new ImageError("damaged: a Huffman table is missing");
    }
    return blockDecoder(reader, band, frame.progressive, direct, alternating);
  });
  const restart = () => {
    for (const { component } of parts) component.prediction = 0;
    for (const { reset } of decoders) reset();
  };
  restart();
  let left = tables.restartInterval;
  const beforeUnit = () => {
    if (tables.restartInterval === 0) return;
    if (left === 0) {
      reader.restart();
      restart();
      left = tables.restartInterval;
    }
    left--;
  };
  if (count === 1) {
    // Not interleaved: the blocks that have samples, in rows.
    const [{ component }] = parts;
    const { decode } = decoders[0];
    const across = Math.ceil(component.width / SIDE);
    const down = Math.ceil(component.height / SIDE);
    for (let row = 0; row < down; row++) {
      for (let column = 0; column < across; column++) {
        beforeUnit();
        decode(component, (row * component.blocksAcross + column) * BLOCK);
      }
    }
  } else {
    const across = Math.ceil(frame.width / (SIDE * frame.mostHorizontal));
    const down = Math.ceil(frame.height / (SIDE * frame.mostVertical));
    for (let unit = 0; unit < across * down; unit++) {
      beforeUnit();
      const unitRow = Math.floor(unit / across);
      const unitColumn = unit % across;
      for (let part = 0; part < count; part++) {
        const { component } = parts[part];
        const { horizontal, vertical, blocksAcross } = component;
        const { decode } = decoders[part];
        for (let y = 0; y < vertical; y++) {
          const first = (unitRow * vertical + y) * blocksAcross + unitColumn * horizontal;
          for (let x = 0; x < horizontal; x++) decode(component, (first + x) * BLOCK);
        }
      }
    }
  }
  return reader.place;
}

/** Which coefficients a scan codes, and which of their bits: from `low` on, all (`high` is 0) or one. */
interface Band {
  readonly start: number;
  readonly end: number;
  readonly high: number;
  readonly low: number;
}

function requireBand({ start, end, high, low }: Band, components: number, progressive: boolean): void {
  if (!progressive) return;
  const isDirect = start === 0 && end === 0;
  const isAlternating = start > 0 && end >= start && end < BLOCK && components === 1;
  if (!(isDirect || isAlternating) || low > 13 || (high !== 0 && high !== low + 1)) {
    throw new ImageError("damaged: a scan's header is invalid");
  }
}

function noteProgress({ missingBits }: Component, { start, end, high, low }: Band): void {
  if (start > 0 && missingBits[0] < 0) throw new ImageError("damaged: a scan is missing");
  for (let index = start; index <= end; index++) {
    if ((high === 0 && missingBits[index] >= 0) || (high > 0 && missingBits[index] !== high)) {
      throw new ImageError("damaged: a scan is missing");
    }
    missingBits[index] = low;
  }
}

/** Decodes blocks of a scan: sections F.2.2, G.1.2 and G.2. */
function blockDecoder(
  reader: BitReader,
  { start, end, high, low }: Band,
  progressive: boolean,
  direct: HuffmanTable | undefined,
  alternating: HuffmanTable | undefined,
): { readonly decode: BlockDecoder; reset(): void } {
  /** How many further blocks have no coefficients in this band. */
  let endOfBand = 0;
  const reset = () => {
    endOfBand = 0;
  };
  const first = (component: Component, offset: number) => {
    const difference = reader.extend(requireBits(reader.decode(direct!), 15));
    component.prediction = (component.prediction + difference) | 0;
    component.coefficients[offset] = component.prediction << low;
  };

  if (!progressive) {
    const table = alternating!;
    const decode: BlockDecoder = (component, offset) => {
      first(component, offset);
      const { coefficients } = component;
      for (let index = 1; index < BLOCK; index++) {
        const symbol = reader.decode(table);
        const bits = symbol & 15;
        index += symbol >> 4;
        if (bits > 0) {
          if (index >= BLOCK) throw tooMany();
          coefficients[offset + ZIGZAG[index]] = reader.extend(bits);
        } else if (symbol !== 0xf0) break;
      }
    };
    return { decode, reset };
  }
  if (start === 0) {
    const refine: BlockDecoder = ({ coefficients }, offset) => {
      if (reader.take(1) === 1) coefficients[offset] |= 1 << low;
    };
    return { decode: high === 0 ? first : refine, reset };
  }
  const table = alternating!;
  if (high === 0) {
    const decode: BlockDecoder = ({ coefficients }, offset) => {
      if (endOfBand > 0) {
        endOfBand--;
        return;
      }
      for (let index = start; index <= end; index++) {
        const symbol = reader.decode(table);
        const run = symbol >> 4;
        const bits = symbol & 15;
        if (bits > 0) {
          index += run;
          if (index > end) throw tooMany();
          coefficients[offset + ZIGZAG[index]] = reader.extend(bits) << low;
        } else if (run === 15) index += 15;
        else {
          endOfBand = (1 << run) + reader.take(run) - 1;
          break;
        }
      }
    };
    return { decode, reset };
  }
  const decode: BlockDecoder = ({ coefficients }, offset) => {
    const one = 1 << low;
    const correct = (place: number) => {
      if (reader.take(1) === 0 || (coefficients[place] & one) !== 0) return;
      coefficients[place] += coefficients[place] >= 0 ? one : -one;
    };
    let index = start;
    if (endOfBand === 0) {
      for (; index <= end; index++) {
        const symbol = reader.decode(table);
        let run = symbol >> 4;
        let value = 0;
        if ((symbol & 15) !== 0) {
          // It can only be 1: the others had a bit before.
          value = reader.take(1) === 1 ? one : -one;
        } else if (run < 15) {
          endOfBand = (1 << run) + reader.take(run);
          break;
        }
        // Skips as many zeros as the run has, and corrects what is not zero on the way.
        for (; index <= end; index++) {
          const place = offset + ZIGZAG[index];
          if (coefficients[place] !== 0) correct(place);
          else if (--run < 0) break;
        }
        if (value !== 0) {
          if (index > end) throw tooMany();
          coefficients[offset + ZIGZAG[index]] = value;
        }
      }
    }
    if (endOfBand > 0) {
      for (; index <= end; index++) {
        const place = offset + ZIGZAG[index];
        if (coefficients[place] !== 0) correct(place);
      }
      endOfBand--;
    }
  };
  return { decode, reset };
}

function requireBits(bits: number, most: number): number {
  if (bits > most) throw new ImageError("damaged: a value has too many bits");
  return bits;
}

function tooMany(): ImageError {
  return new ImageError("damaged: a block has too many coefficients");
}

/** The samples of a component, padded to whole blocks. */
interface Plane {
  readonly samples: Uint8Array;
  /** The length of a row. */
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

function planeOf({ blocksAcross, blocksDown, coefficients, quantization, width, height }: Component): Plane {
  const stride = blocksAcross * SIDE;
  const samples = new Uint8Array(stride * blocksDown * SIDE);
  const workspace = new Int32Array(BLOCK);
  for (let row = 0, offset = 0; row < blocksDown; row++) {
    for (let column = 0; column < blocksAcross; column++, offset += BLOCK) {
      inverseTransform(coefficients, offset, quantization!, workspace, samples, (row * stride + column) * SIDE, stride);
    }
  }
  return { samples, stride, width, height };
}

const CONSTANT_BITS = 13;
const PASS_BITS = 2;

/** What libjpeg's range limit makes of a value: clamped to 0 … 255 around 128, and repeated every 1024. */
const LIMITED = Uint8Array.from({ length: 1024 }, (_, index) =>
  Math.min(255, Math.max(0, 128 + (index < 512 ? index : index - 1024))),
);

/** The inverse cosine transform of libjpeg's jidctint.c (Loeffler, Ligtenberg and Moschytz, 1989), to its bits. */
function inverseTransform(
  coefficients: Int16Array,
  offset: number,
  quantization: Uint16Array,
  workspace: Int32Array,
  samples: Uint8Array,
  target: number,
  stride: number,
): void {
  const half = 1 << (CONSTANT_BITS - PASS_BITS - 1);
  for (let column = 0; column < SIDE; column++) {
    const at = offset + column;
    const c1 = coefficients[at + 8];
    const c2 = coefficients[at + 16];
    const c3 = coefficients[at + 24];
    const c4 = coefficients[at + 32];
    const c5 = coefficients[at + 40];
    const c6 = coefficients[at + 48];
    const c7 = coefficients[at + 56];
    const v0 = Math.imul(coefficients[at], quantization[column]);
    if ((c1 | c2 | c3 | c4 | c5 | c6 | c7) === 0) {
      const value = v0 << PASS_BITS;
      for (let place = column; place < BLOCK; place += SIDE) workspace[place] = value;
      continue;
    }
    const v2 = Math.imul(c2, quantization[column + 16]);
    const v6 = Math.imul(c6, quantization[column + 48]);
    const v4 = Math.imul(c4, quantization[column + 32]);
    const even = Math.imul(v2 + v6, 4433);
    const even2 = even - Math.imul(v6, 15137);
    const even3 = even + Math.imul(v2, 6270);
    const sum = (v0 + v4) << CONSTANT_BITS;
    const difference = (v0 - v4) << CONSTANT_BITS;
    const e0 = sum + even3 + half;
    const e3 = sum - even3 + half;
    const e1 = difference + even2 + half;
    const e2 = difference - even2 + half;

    const w0 = Math.imul(c7, quantization[column + 56]);
    const w1 = Math.imul(c5, quantization[column + 40]);
    const w2 = Math.imul(c3, quantization[column + 24]);
    const w3 = Math.imul(c1, quantization[column + 8]);
    const z5 = Math.imul(w0 + w2 + w1 + w3, 9633);
    const z1 = Math.imul(w0 + w3, -7373);
    const z2 = Math.imul(w1 + w2, -20995);
    const z3 = Math.imul(w0 + w2, -16069) + z5;
    const z4 = Math.imul(w1 + w3, -3196) + z5;
    const o0 = Math.imul(w0, 2446) + z1 + z3;
    const o1 = Math.imul(w1, 16819) + z2 + z4;
    const o2 = Math.imul(w2, 25172) + z2 + z3;
    const o3 = Math.imul(w3, 12299) + z1 + z4;

    const shift = CONSTANT_BITS - PASS_BITS;
    workspace[column] = (e0 + o3) >> shift;
    workspace[column + 56] = (e0 - o3) >> shift;
    workspace[column + 8] = (e1 + o2) >> shift;
    workspace[column + 48] = (e1 - o2) >> shift;
    workspace[column + 16] = (e2 + o1) >> shift;
    workspace[column + 40] = (e2 - o1) >> shift;
    workspace[column + 24] = (e3 + o0) >> shift;
    workspace[column + 32] = (e3 - o0) >> shift;
  }
  const shift = CONSTANT_BITS + PASS_BITS + 3;
  const rounding = 1 << (shift - 1);
  for (let at = 0, out = target; at < BLOCK; at += SIDE, out += stride) {
    const v2 = workspace[at + 2];
    const v6 = workspace[at + 6];
    const even = Math.imul(v2 + v6, 4433);
    const even2 = even - Math.imul(v6, 15137);
    const even3 = even + Math.imul(v2, 6270);
    const sum = (workspace[at] + workspace[at + 4]) << CONSTANT_BITS;
    const difference = (workspace[at] - workspace[at + 4]) << CONSTANT_BITS;
    const e0 = sum + even3 + rounding;
    const e3 = sum - even3 + rounding;
    const e1 = difference + even2 + rounding;
    const e2 = difference - even2 + rounding;

    const w0 = workspace[at + 7];
    const w1 = workspace[at + 5];
    const w2 = workspace[at + 3];
    const w3 = workspace[at + 1];
    const z5 = Math.imul(w0 + w2 + w1 + w3, 9633);
    const z1 = Math.imul(w0 + w3, -7373);
    const z2 = Math.imul(w1 + w2, -20995);
    const z3 = Math.imul(w0 + w2, -16069) + z5;
    const z4 = Math.imul(w1 + w3, -3196) + z5;
    const o0 = Math.imul(w0, 2446) + z1 + z3;
    const o1 = Math.imul(w1, 16819) + z2 + z4;
    const o2 = Math.imul(w2, 25172) + z2 + z3;
    const o3 = Math.imul(w3, 12299) + z1 + z4;

    samples[out] = LIMITED[((e0 + o3) >> shift) & 1023];
    samples[out + 7] = LIMITED[((e0 - o3) >> shift) & 1023];
    samples[out + 1] = LIMITED[((e1 + o2) >> shift) & 1023];
    samples[out + 6] = LIMITED[((e1 - o2) >> shift) & 1023];
    samples[out + 2] = LIMITED[((e2 + o1) >> shift) & 1023];
    samples[out + 5] = LIMITED[((e2 - o1) >> shift) & 1023];
    samples[out + 3] = LIMITED[((e3 + o0) >> shift) & 1023];
    samples[out + 4] = LIMITED[((e3 - o0) >> shift) & 1023];
  }
}

/** Writes a row of a component in the image's resolution. */
type RowSource = (row: number, out: Uint8Array) => void;

/** libjpeg's jdsample.c: triangle filters for halved samples, otherwise copies. */
function rowSource(plane: Plane, across: number, down: number): RowSource {
  const { samples, stride, width, height } = plane;
  const start = (row: number) => Math.min(height - 1, Math.max(0, row)) * stride;
  if (across === 1 && down === 1) {
    return (row, out) => out.set(samples.subarray(row * stride, row * stride + width));
  }
  if (across === 2 && down === 1 && width > 2) {
    return (row, out) => {
      const first = row * stride;
      const last = first + width - 1;
      out[0] = samples[first];
      out[1] = (samples[first] * 3 + samples[first + 1] + 2) >> 2;
      for (let place = first + 1, to = 2; place < last; place++) {
        const value = samples[place] * 3;
        out[to++] = (value + samples[place - 1] + 1) >> 2;
        out[to++] = (value + samples[place + 1] + 2) >> 2;
      }
      out[2 * width - 2] = (samples[last] * 3 + samples[last - 1] + 1) >> 2;
      out[2 * width - 1] = samples[last];
    };
  }
  if (across === 1 && down === 2) {
    return (row, out) => {
      const near = start(row >> 1);
      const far = start((row >> 1) + (row % 2 === 0 ? -1 : 1));
      const bias = 1 + (row % 2);
      for (let place = 0; place < width; place++) {
        out[place] = (samples[near + place] * 3 + samples[far + place] + bias) >> 2;
      }
    };
  }
  if (across === 2 && down === 2 && width > 2) {
    return (row, out) => {
      const near = start(row >> 1);
      const far = start((row >> 1) + (row % 2 === 0 ? -1 : 1));
      let last = 0;
      let current = samples[near] * 3 + samples[far];
      let next = samples[near + 1] * 3 + samples[far + 1];
      out[0] = (current * 4 + 8) >> 4;
      out[1] = (current * 3 + next + 7) >> 4;
      for (let place = 2, to = 2; place < width; place++) {
        last = current;
        current = next;
        next = samples[near + place] * 3 + samples[far + place];
        out[to++] = (current * 3 + last + 8) >> 4;
        out[to++] = (current * 3 + next + 7) >> 4;
      }
      out[2 * width - 2] = (next * 3 + current + 8) >> 4;
      out[2 * width - 1] = (next * 4 + 7) >> 4;
    };
  }
  return (row, out) => {
    const first = Math.floor(row / down) * stride;
    for (let place = 0, to = 0; place < width; place++) {
      for (let copy = 0; copy < across; copy++) out[to++] = samples[first + place];
    }
  };
}

/** 16 fraction bits, as in libjpeg's jdcolor.c. */
const RED_OF_CR = colourTable(91_881, 1 << 15, 16);
const BLUE_OF_CB = colourTable(116_130, 1 << 15, 16);
const GREEN_OF_CR = colourTable(-46_802, 0, 0);
const GREEN_OF_CB = colourTable(-22_554, 1 << 15, 0);

function colourTable(factor: number, rounding: number, shift: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, value) => ((value - 128) * factor + rounding) >> shift);
}

/** Transforms, scales and converts all samples. */
function render({ width, height, mostHorizontal, mostVertical, components }: Frame, isDirect: boolean): DecodedImage {
  const rgba = new Uint8ClampedArray(width * height * 4);
  const rows = components.map((component) => {
    const { horizontal, vertical } = component;
    const source = rowSource(planeOf(component), mostHorizontal / horizontal, mostVertical / vertical);
    // Scaled rows may be longer than the image.
    return { source, out: new Uint8Array(component.width * (mostHorizontal / horizontal)) };
  });
  const [first, second = first, third = first] = rows.map(({ out }) => out);
  const isGrey = components.length === 1;
  for (let row = 0, to = 0; row < height; row++) {
    for (const { source, out } of rows) source(row, out);
    for (let column = 0; column < width; column++, to += 4) {
      const luminance = first[column];
      if (isGrey || isDirect) {
        rgba[to] = luminance;
        rgba[to + 1] = second[column];
        rgba[to + 2] = third[column];
      } else {
        const blueness = second[column];
        const redness = third[column];
        rgba[to] = luminance + RED_OF_CR[redness];
        rgba[to + 1] = luminance + ((GREEN_OF_CB[blueness] + GREEN_OF_CR[redness]) >> 16);
        rgba[to + 2] = luminance + BLUE_OF_CB[blueness];
      }
      rgba[to + 3] = 255;
    }
  }
  return { width, height, rgba: new Uint8Array(rgba.buffer) };
}
