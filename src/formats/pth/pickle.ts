import { FormatError } from "../errors.js";
import * as Opcode from "./opcodes.js";

/**
 * Python's pickle format, protocol 2, as far as PyTorch uses it.
 *
 * A pickle is a program for a small stack machine. Python's machine imports and calls whatever the program names, so
 * opening a pickle can do anything. This machine knows only the given vocabulary and stops at any other name: nothing
 * in the file is ever executed.
 */

/** Bounds memory and time. A LeNet-5 with its optimizer state needs a hundredth of it. */
const MOST_OPCODES = 100_000;

/** In bytes. The magic number of PyTorch's older files has ten. */
const LONGEST_INTEGER = 16;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A function that a pickle may call. */
export type Callable = (values: readonly unknown[]) => unknown;

/** Everything outside itself that a pickle can refer to. */
export interface Vocabulary {
  /** What it may name, by `module.name`. It may call those that are functions. */
  readonly globals: ReadonlyMap<string, unknown>;
  /** The object that a persistent id stands for. */
  readonly persistent: (id: unknown) => unknown;
}

/**
 * Reads the pickle that begins at a byte of a file. Python's None, bool, float, str and list become null, boolean,
 * number, string and array; an int becomes a number, or a bigint if a number would not be exact; a tuple becomes a
 * frozen array, a dict a Map.
 *
 * @returns the value, and the byte after the pickle
 * @throws FormatError if the pickle is damaged, or names something outside the vocabulary
 */
export function readPickle(bytes: Uint8Array, start: number, vocabulary: Vocabulary): { value: unknown; end: number } {
  return new PickleMachine(bytes, start, vocabulary).run();
}

class PickleMachine {
  private static readonly instructions: Readonly<Record<number, (machine: PickleMachine) => void>> = {
    [Opcode.protocol]: (machine) => machine.checkProtocol(machine.uint8()),

    [Opcode.none]: (machine) => machine.push(null),
    [Opcode.newTrue]: (machine) => machine.push(true),
    [Opcode.newFalse]: (machine) => machine.push(false),
    [Opcode.byte]: (machine) => machine.push(machine.uint8()),
    [Opcode.uint16]: (machine) => machine.push(machine.view.getUint16(machine.skip(2), true)),
    [Opcode.int32]: (machine) => machine.push(machine.view.getInt32(machine.skip(4), true)),
    [Opcode.long]: (machine) => machine.push(machine.long(machine.uint8())),
    [Opcode.float]: (machine) => machine.push(machine.view.getFloat64(machine.skip(8), false)),
    [Opcode.string]: (machine) => machine.push(machine.text(machine.uint32())),

    [Opcode.mark]: (machine) => machine.mark(),
    [Opcode.emptyTuple]: (machine) => machine.push(Object.freeze([])),
    [Opcode.tuple]: (machine) => machine.push(Object.freeze(machine.popMark())),
    [Opcode.tuple1]: (machine) => machine.push(Object.freeze(machine.popLast(1))),
    [Opcode.tuple2]: (machine) => machine.push(Object.freeze(machine.popLast(2))),
    [Opcode.tuple3]: (machine) => machine.push(Object.freeze(machine.popLast(3))),
    [Opcode.emptyList]: (machine) => machine.push([]),
    [Opcode.append]: (machine) => machine.append(machine.popLast(1)),
    [Opcode.appends]: (machine) => machine.append(machine.popMark()),
    [Opcode.emptyDictionary]: (machine) => machine.push(new Map()),
    [Opcode.setItem]: (machine) => machine.setItems(machine.popLast(2)),
    [Opcode.setItems]: (machine) => machine.setItems(machine.popMark()),

    [Opcode.put]: (machine) => machine.keep(machine.uint8()),
    [Opcode.longPut]: (machine) => machine.keep(machine.uint32()),
    [Opcode.get]: (machine) => machine.recall(machine.uint8()),
    [Opcode.longGet]: (machine) => machine.recall(machine.uint32()),

    [Opcode.global]: (machine) => machine.push(machine.lookUp(`${machine.line()}.${machine.line()}`)),
    [Opcode.reduce]: (machine) => machine.push(machine.call(machine.popLast(2))),
    [Opcode.build]: (machine) => machine.setAttributes(machine.pop()),
    [Opcode.persistentId]: (machine) => machine.push(machine.vocabulary.persistent(machine.pop())),
  };

  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly vocabulary: Vocabulary;
  private position: number;
  private stack: unknown[] = [];
  /** The stacks below the marks. */
  private readonly enclosing: unknown[][] = [];
  private readonly memo = new Map<number, unknown>();

  constructor(bytes: Uint8Array, start: number, vocabulary: Vocabulary) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.vocabulary = vocabulary;
    this.position = start;
  }

  run(): { value: unknown; end: number } {
    for (let count = 0; count < MOST_OPCODES; count++) {
      const opcode = this.uint8();
      if (opcode === Opcode.stop) {
        return { value: this.pop(), end: this.position };
      }
      const instruction = PickleMachine.instructions[opcode];
      if (instruction === undefined) {
        throw this.error(`has an unknown instruction 0x${opcode.toString(16).padStart(2, "0")}`);
      }
      instruction(this);
    }
    throw this.error(`does not end within ${MOST_OPCODES} instructions`);
  }

  private checkProtocol(protocol: number): void {
    if (protocol !== 2) {
      throw this.error(`has protocol ${protocol}, not 2`);
    }
  }

  private lookUp(name: string): unknown {
    const { globals } = this.vocabulary;
    if (!globals.has(name)) {
      throw new FormatError(`refused: the file names ${name}, which a state_dict does not need; nothing was executed`);
    }
    return globals.get(name);
  }

  private call([callable, values]: unknown[]): unknown {
    if (typeof callable !== "function" || !Array.isArray(values)) {
      throw this.error("calls something that is not a function");
    }
    return (callable as Callable)(values);
  }

  /**
   * An OrderedDict can have attributes besides its items (PyTorch's `_metadata`). They are not needed, so they are
   * dropped.
   */
  private setAttributes(_attributes: unknown): void {
    if (!(this.top() instanceof Map)) {
      throw this.error("sets attributes of something that is not a dictionary");
    }
  }

  private append(values: readonly unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list) || Object.isFrozen(list)) {
      throw this.error("appends to something that is not a list");
    }
    for (const value of values) {
      list.push(value);
    }
  }

  private setItems(keysAndValues: readonly unknown[]): void {
    const dictionary = this.top();
    if (!(dictionary instanceof Map) || keysAndValues.length % 2 !== 0) {
      throw this.error("sets items of something that is not a dictionary");
    }
    for (let index = 0; index < keysAndValues.length; index += 2) {
      const key = keysAndValues[index];
      // Python has no dictionaries or lists as keys; tuples have not been seen.
      if (typeof key === "object" && key !== null) throw this.error("has a key that is not a text or a number");
      dictionary.set(key, keysAndValues[index + 1]);
    }
  }

  private keep(index: number): void {
    this.memo.set(index, this.top());
  }

  private recall(index: number): void {
    if (!this.memo.has(index)) {
      throw this.error(`recalls value ${index}, which it never stored`);
    }
    this.push(this.memo.get(index));
  }

  private push(value: unknown): void {
    this.stack.push(value);
  }

  private top(): unknown {
    this.need(1);
    return this.stack.at(-1);
  }

  private pop(): unknown {
    this.need(1);
    return this.stack.pop();
  }

  private popLast(count: number): unknown[] {
    this.need(count);
    return this.stack.splice(-count);
  }

  private mark(): void {
    this.enclosing.push(this.stack);
    this.stack = [];
  }

  private popMark(): unknown[] {
    const outer = this.enclosing.pop();
    if (outer === undefined) {
      throw this.error("has no mark to return to");
    }
    const values = this.stack;
    this.stack = outer;
    return values;
  }

  private need(count: number): void {
    if (this.stack.length < count) {
      throw this.error("takes a value from an empty stack");
    }
  }

  /** Skips some bytes and returns where they begin. */
  private skip(count: number): number {
    const begin = this.position;
    if (count > this.bytes.length - begin) {
      throw this.error("is cut short");
    }
    this.position += count;
    return begin;
  }

  private uint8(): number {
    return this.view.getUint8(this.skip(1));
  }

  private uint32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  private text(length: number): string {
    const begin = this.skip(length);
    try {
      return UTF8.decode(this.bytes.subarray(begin, begin + length));
    } catch {
      throw this.error("has text that is not UTF-8");
    }
  }

  private line(): string {
    const newline = this.bytes.indexOf(0x0a, this.position);
    if (newline < 0) {
      throw this.error("is cut short");
    }
    const line = this.text(newline - this.position);
    this.skip(1);
    return line;
  }

  private long(length: number): number | bigint {
    if (length > LONGEST_INTEGER) throw this.error(`has an integer of ${length} bytes`);
    const begin = this.skip(length);
    const magnitude = this.bytes
      .subarray(begin, begin + length)
      .reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    const value = BigInt.asIntN(8 * length, magnitude);
    const rounded = Number(value);
    return Number.isSafeInteger(rounded) ? rounded : value;
  }

  private error(problem: string): FormatError {
    return new FormatError(`the pickle ${problem} (near byte ${this.position})`);
  }
}

/** A value to write as a pickle. An array stands for a tuple. */
export type Expression =
  | string
  | number
  | boolean
  | readonly Expression[]
  | { readonly global: string }
  | { readonly persistent: Expression }
  | {
      /** The `module.name` of the function or class to call. */
      readonly call: string;
      readonly values: readonly Expression[];
      /** Set in the dictionary that the call returns. */
      readonly items?: readonly (readonly [string, Expression])[];
    };

/**
 * Writes a pickle of protocol 2, the same bytes for the same value. Numbers must be integers from 0 to 2^31 - 1.
 *
 * @throws RangeError for any other number
 */
export function writePickle(value: Expression): Uint8Array {
  const pickle = [Opcode.protocol, 2];
  writeExpression(value, pickle);
  pickle.push(Opcode.stop);
  return Uint8Array.from(pickle);
}

function writeExpression(value: Expression, pickle: number[]): void {
  if (typeof value === "boolean") {
    pickle.push(value ? Opcode.newTrue : Opcode.newFalse);
  } else if (typeof value === "number") {
    writeInteger(value, pickle);
  } else if (typeof value === "string") {
    const text = new TextEncoder().encode(value);
    pickle.push(Opcode.string, ...littleEndian(text.length, 4));
    for (const byte of text) {
      pickle.push(byte);
    }
  } else if ("global" in value) {
    writeGlobal(value.global, pickle);
  } else if ("persistent" in value) {
    writeExpression(value.persistent, pickle);
    pickle.push(Opcode.persistentId);
  } else if ("call" in value) {
    writeGlobal(value.call, pickle);
    writeTuple(value.values, pickle);
    pickle.push(Opcode.reduce);
    if (value.items !== undefined) {
      writeAfterMark(value.items.flat(), Opcode.setItems, pickle);
    }
  } else {
    writeTuple(value, pickle);
  }
}

function writeTuple(values: readonly Expression[], pickle: number[]): void {
  if (values.length === 0) {
    pickle.push(Opcode.emptyTuple);
  } else {
    writeAfterMark(values, Opcode.tuple, pickle);
  }
}

function writeAfterMark(values: readonly Expression[], opcode: number, pickle: number[]): void {
  pickle.push(Opcode.mark);
  for (const value of values) {
    writeExpression(value, pickle);
  }
  pickle.push(opcode);
}

function writeInteger(value: number, pickle: number[]): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31) {
    throw new RangeError(`${value} is not an integer from 0 to 2^31 - 1`);
  }
  if (value < 2 ** 8) {
    pickle.push(Opcode.byte, value);
  } else if (value < 2 ** 16) {
    pickle.push(Opcode.uint16, ...littleEndian(value, 2));
  } else {
    pickle.push(Opcode.int32, ...littleEndian(value, 4));
  }
}

function writeGlobal(name: string, pickle: number[]): void {
  const dot = name.lastIndexOf(".");
  const lines = `${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`;
  pickle.push(Opcode.global, ...new TextEncoder().encode(lines));
}

function littleEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => (value >>> (8 * index)) & 0xff);
}
