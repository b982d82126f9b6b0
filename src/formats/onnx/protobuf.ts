import { FormatError } from "../errors.js";
import { BinaryReader, WireType } from "./wire.js";

/**
 * Protocol Buffers (https://protobuf.dev/programming-guides/encoding/). A message is an object; its description names
 * the fields, with the number and type of each. Fields that are not described are skipped. What writes them is in
 * `protobufWriter.ts`, which a page that only reads weights does not load.
 */

/**
 * A bound on what a file may expand to, in numbers. A string, a message or bytes count as many numbers, as they take as
 * much time and memory.
 */
const MOST_ITEMS = 2 ** 20;
const ITEMS_OF_A_TEXT = 16;
const ITEMS_OF_AN_OBJECT = 64;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of a message, a reader on them, and how many items may still be read from the file. */
export interface Source {
  readonly bytes: Uint8Array;
  readonly reader: BinaryReader;
  readonly budget: { items: number };
}

/** A type of field, and how it is read. */
export interface Kind<Read> {
  readonly wireType: WireType;
  readonly items: number;
  read(source: Source): Read;
}

/** The kind of a message within a message. */
export interface MessageKind<D extends Description> extends Kind<Message<D>> {
  readonly description: D;
}

/** A field of a message. */
export interface Field<K, IsList extends boolean> {
  readonly number: number;
  readonly kind: K;
  readonly isList: IsList;
}

/** The fields of a message, by name. */
// biome-ignore lint/suspicious/noExplicitAny: fields of any kind
export type Description = Readonly<Record<string, Field<Kind<any>, boolean>>>;

/** A message that was read. Its lists exist even if they are empty. */
export type Message<D extends Description> = {
  readonly [Name in keyof D]: D[Name] extends Field<Kind<infer Read>, infer IsList>
    ? IsList extends true
      ? readonly Read[]
      : Read | undefined
    : never;
};

/** A field that occurs at most once in a message. */
export function single<K>(number: number, kind: K): Field<K, false> {
  return { number, kind, isList: false };
}

/** A field that occurs any number of times. */
export function list<K>(number: number, kind: K): Field<K, true> {
  return { number, kind, isList: true };
}

/** A 64-bit integer, rounded beyond 2^53. */
export const INTEGER: Kind<number> = {
  wireType: WireType.Varint,
  items: 1,
  read: ({ reader }) => Number(reader.int64()),
};

export const FLOAT: Kind<number> = {
  wireType: WireType.Bit32,
  items: 1,
  read: ({ reader }) => reader.float(),
};

export const DOUBLE: Kind<number> = {
  wireType: WireType.Bit64,
  items: 1,
  read: ({ reader }) => reader.double(),
};

export const TEXT: Kind<string> = {
  wireType: WireType.LengthDelimited,
  items: ITEMS_OF_A_TEXT,
  read: (source) => UTF8.decode(readBlock(source)),
};

export const BYTES: Kind<Uint8Array> = {
  wireType: WireType.LengthDelimited,
  items: ITEMS_OF_AN_OBJECT,
  read: readBlock,
};

/** A field that no LeNet-5 needs, but that other programs read, so it must not be skipped: a file with it is refused. */
export const REFUSED: Kind<Uint8Array> = { ...BYTES };

/** A message within a message. */
export function message<D extends Description>(description: D): MessageKind<D> {
  const fields = byNumber(description);
  return {
    wireType: WireType.LengthDelimited,
    items: ITEMS_OF_AN_OBJECT,
    read: (source) => readFields(fields, readBlock(source), source.budget) as Message<D>,
    description,
  };
}

/**
 * Reads a file that is one message. Fields of bytes are views of the file.
 *
 * @throws FormatError if the file is damaged, has a duplicate field, or expands to too much
 */
export function readMessage<D extends Description>(description: D, file: Uint8Array): Message<D> {
  try {
    return readFields(byNumber(description), file, { items: MOST_ITEMS }) as Message<D>;
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`onnx: the file is damaged: ${(error as Error).message}`);
  }
}

type NamedField = Description[string] & { readonly name: string };

function byNumber(description: Description): ReadonlyMap<number, NamedField> {
  return new Map(Object.entries(description).map(([name, field]) => [field.number, { name, ...field }]));
}

function readFields(
  fields: ReadonlyMap<number, NamedField>,
  bytes: Uint8Array,
  budget: Source["budget"],
): Record<string, unknown> {
  const source = { bytes, reader: new BinaryReader(bytes), budget };
  const { reader } = source;
  const read: Record<string, unknown> = {};
  for (const { name, isList } of fields.values()) if (isList) read[name] = [];

  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = fields.get(number);
    if (!field) {
      spend(source, 1);
      skip(source, wireType);
      continue;
    }
    const { name, kind, isList } = field;
    if (kind === REFUSED) throw new FormatError(`onnx: the field ${name} is not supported`);
    const isPacked = isList && wireType === WireType.LengthDelimited && kind.wireType !== WireType.LengthDelimited;
    if (isPacked) {
      readPacked(source, kind, read[name] as unknown[]);
      continue;
    }
    if (wireType !== kind.wireType) throw new FormatError(`onnx: the field ${name} has wire type ${wireType}`);
    const value = readItem(source, kind);
    if (isList) {
      (read[name] as unknown[]).push(value);
    } else {
      if (Object.hasOwn(read, name)) throw new FormatError(`onnx: the field ${name} occurs twice`);
      read[name] = value;
    }
  }
  return read;
}

function readItem<Read>(source: Source, kind: Kind<Read>): Read {
  spend(source, kind.items);
  return kind.read(source);
}

function spend({ budget }: Source, items: number): void {
  budget.items -= items;
  if (budget.items < 0) throw new FormatError("onnx: the file holds far more than a LeNet-5");
}

/** A packed list: numbers without a tag before each. */
function readPacked<Read>(source: Source, kind: Kind<Read>, into: Read[]): void {
  const bytes = readBlock(source);
  const packed = { bytes, reader: new BinaryReader(bytes), budget: source.budget };
  while (packed.reader.pos < packed.reader.len) into.push(readItem(packed, kind));
}

/** A length and that many bytes. (The reader's own method truncates lengths to 32 bits.) */
function readBlock({ bytes, reader }: Source): Uint8Array {
  const length = Number(reader.uint64());
  const begin = reader.pos;
  if (length > reader.len - begin) {
    throw new FormatError(`onnx: a field's length is given as ${length}, but only ${reader.len - begin} bytes follow`);
  }
  reader.pos = begin + length;
  return bytes.subarray(begin, reader.pos);
}

function skip(source: Source, wireType: WireType): void {
  switch (wireType) {
    case WireType.LengthDelimited:
      readBlock(source);
      break;
    case WireType.StartGroup:
    case WireType.EndGroup:
      throw new FormatError("onnx: the file is damaged: it holds a group, which ONNX does not use");
    default:
      source.reader.skip(wireType);
  }
}
