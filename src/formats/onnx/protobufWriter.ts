import {
  BYTES,
  type Description,
  DOUBLE,
  type Field,
  FLOAT,
  INTEGER,
  type Kind,
  type MessageKind,
  REFUSED,
  TEXT,
} from "./protobuf.js";
import { BinaryWriter } from "./wire.js";

/** The value of a field that is written. */
type Written<K> = K extends MessageKind<infer D> ? NewMessage<D> : K extends Kind<infer Value> ? Value : never;

/** A message to write. */
export type NewMessage<D extends Description> = {
  readonly [Name in keyof D]?: D[Name] extends Field<infer K, infer IsList>
    ? IsList extends true
      ? readonly Written<K>[]
      : Written<K>
    : never;
};

/** How values that are no messages are written. */
const WRITERS = new Map<Kind<unknown>, (writer: BinaryWriter, value: never) => void>([
  [INTEGER, (writer, value) => writer.int64(value)],
  [FLOAT, (writer, value) => writer.float(value)],
  [DOUBLE, (writer, value) => writer.double(value)],
  [TEXT, (writer, value) => writer.string(value)],
  [BYTES, (writer, value) => writer.bytes(value)],
  [REFUSED, (writer, value) => writer.bytes(value)],
]);

/** Writes a file that is one message, with its fields in the order of the description. */
export function writeMessage<D extends Description>(description: D, value: NewMessage<D>): Uint8Array {
  const writer = new BinaryWriter();
  writeFields(writer, description, value);
  return writer.finish();
}

function writeFields<D extends Description>(writer: BinaryWriter, description: D, value: NewMessage<D>): void {
  for (const [name, { number, kind, isList }] of Object.entries(description)) {
    const given = value[name];
    const items: readonly unknown[] = isList ? ((given as readonly unknown[] | undefined) ?? []) : [given];
    for (const item of items) {
      if (item !== undefined) writeValue(writer.tag(number, kind.wireType), kind, item);
    }
  }
}

function writeValue(writer: BinaryWriter, kind: Kind<unknown>, value: unknown): void {
  const write = WRITERS.get(kind);
  if (write) write(writer, value as never);
  else {
    writer.fork();
    writeFields(writer, (kind as MessageKind<Description>).description, value as NewMessage<Description>);
    writer.join();
  }
}
