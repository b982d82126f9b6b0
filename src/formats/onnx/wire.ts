/** The wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/). */

/** How a field's value is stored. */
export const WireType = { Varint: 0, Bit64: 1, LengthDelimited: 2, StartGroup: 3, EndGroup: 4, Bit32: 5 } as const;
export type WireType = (typeof WireType)[keyof typeof WireType];

/** Bits of a varint in each byte. */
const GROUP = 7n;
const MOST_VARINT_BYTES = 10n;

/** Reads values, one after another. Throws an Error if they end early or are not valid. */
export class BinaryReader {
  /** Where the next value begins. */
  pos = 0;
  readonly len: number;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.len = bytes.length;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A field's number and wire type. */
  tag(): [number: number, wireType: WireType] {
    const tag = Number(BigInt.asUintN(32, this.uint64()));
    const [number, wireType] = [tag >>> 3, tag & 7];
    if (number === 0 || wireType > WireType.Bit32)
      throw new Error(`illegal tag: field ${number}, wire type ${wireType}`);
    return [number, wireType as WireType];
  }

  uint64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < GROUP * MOST_VARINT_BYTES; shift += GROUP) {
      const byte = this.view.getUint8(this.take(1));
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new Error("invalid varint");
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  float(): number {
    return this.view.getFloat32(this.take(4), true);
  }

  double(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  /** Passes over a value of a fixed length, or a varint. */
  skip(wireType: WireType): void {
    if (wireType === WireType.Varint) this.uint64();
    else this.take(wireType === WireType.Bit64 ? 8 : 4);
  }

  private take(bytes: number): number {
    if (this.pos + bytes > this.len) throw new RangeError("premature end");
    this.pos += bytes;
    return this.pos - bytes;
  }
}

/** Writes values, one after another. */
export class BinaryWriter {
  private parts: Uint8Array[] = [];
  /** The values before each message that is not complete. */
  private readonly outer: Uint8Array[][] = [];

  tag(number: number, wireType: WireType): this {
    return this.varint(BigInt((number << 3) | wireType));
  }

  int64(value: number): this {
    return this.varint(BigInt.asUintN(64, BigInt(value)));
  }

  float(value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.append(bytes);
  }

  double(value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.append(bytes);
  }

  /** Preceded by their number. */
  bytes(value: Uint8Array): this {
    return this.varint(BigInt(value.length)).append(value);
  }

  string(value: string): this {
    return this.bytes(new TextEncoder().encode(value));
  }

  /** Begins a message, which {@link BinaryWriter.join} ends. */
  fork(): this {
    this.outer.push(this.parts);
    this.parts = [];
    return this;
  }

  join(): this {
    const message = this.finish();
    this.parts = this.outer.pop()!;
    return this.bytes(message);
  }

  finish(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.parts.reduce((sum, { length }) => sum + length, 0));
    let place = 0;
    for (const part of this.parts) {
      bytes.set(part, place);
      place += part.length;
    }
    return bytes;
  }

  private varint(value: bigint): this {
    const bytes: number[] = [];
    for (let rest = value; ; rest >>= GROUP) {
      const byte = Number(rest & 127n);
      if (rest < 128n) return this.append(Uint8Array.of(...bytes, byte));
      bytes.push(byte | 128);
    }
  }

  private append(bytes: Uint8Array): this {
    this.parts.push(bytes);
    return this;
  }
}
