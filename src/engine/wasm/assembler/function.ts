import { concatenate, unsigned, vector } from "./encoding.js";
import { asInteger, type Code, type Integer, i32, memoryArgument, type Value, type ValueType } from "./instructions.js";

/** A local variable or parameter; used as an expression it reads the variable. */
export interface Local<Type extends ValueType = ValueType> extends Value<Type> {
  readonly index: number;
}

/** A function of the module under construction, for its other functions to call. */
export interface FunctionHandle {
  readonly index: number;
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | undefined;
}

export const TYPE_CODES: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const EMPTY_BLOCK = 0x40;

const STORE_CODES: Record<ValueType, { opcode: readonly number[]; alignment: number }> = {
  i32: { opcode: [0x36], alignment: 2 },
  f32: { opcode: [0x38], alignment: 2 },
  f64: { opcode: [0x39], alignment: 3 },
  v128: { opcode: [0xfd, 0x0b], alignment: 4 },
};

/** Collects the statements of one function, in order. */
export class FunctionBuilder {
  private readonly localTypes: ValueType[] = [];
  private readonly code: number[] = [];
  private readonly parameterTypes: readonly ValueType[];
  /** Number of open blocks. */
  private depth = 0;
  /** Number of blocks open at the start of the innermost `while`. */
  private loopDepth = 0;

  constructor(parameterTypes: readonly ValueType[]) {
    this.parameterTypes = parameterTypes;
  }

  /** The parameter at a position. */
  parameter<Type extends ValueType>(index: number, type: Type): Local<Type> {
    return { type, index, code: [0x20, ...unsigned(index)] };
  }

  /** Declares a local variable, zero unless an initial value is given. */
  local<Type extends ValueType>(type: Type, initial?: Value<Type>): Local<Type> {
    const index = this.parameterTypes.length + this.localTypes.length;
    this.localTypes.push(type);
    const local = { type, index, code: [0x20, ...unsigned(index)] };
    if (initial) this.set(local, initial);
    return local;
  }

  set<Type extends ValueType>(local: Local<Type>, value: Value<Type>): void {
    this.append([value.code, 0x21, unsigned(local.index)]);
  }

  private append(code: Code): void {
    for (const part of code) {
      if (typeof part === "number") this.code.push(part);
      else this.append(part);
    }
  }

  /** Advances an integer variable, usually a pointer. */
  increase(local: Local<"i32">, amount: Integer): void {
    if (amount !== 0) this.set(local, i32.add(local, amount));
  }

  /** Stores a value of any type at address + offset. */
  store(address: Integer, value: Value, offset = 0): void {
    const { opcode, alignment } = STORE_CODES[value.type];
    this.append([asInteger(address).code, value.code, opcode, memoryArgument(alignment, offset)]);
  }

  /** Stores the low byte of an integer at address + offset. */
  store8(address: Integer, value: Integer, offset = 0): void {
    this.append([asInteger(address).code, asInteger(value).code, 0x3a, memoryArgument(0, offset)]);
  }

  /** Sequentially consistent store of an integer. */
  atomicStore(address: Integer, value: Integer): void {
    this.append([asInteger(address).code, asInteger(value).code, 0xfe, 0x17, memoryArgument(2, 0)]);
  }

  /** Sets length bytes from an address on to zero. */
  zeroMemory(address: Integer, length: Integer): void {
    this.fillMemory(address, 0, length);
  }

  /** Sets length bytes from an address on to the low byte of an integer. */
  fillMemory(address: Integer, byte: Integer, length: Integer): void {
    this.append([asInteger(address).code, asInteger(byte).code, asInteger(length).code, 0xfc, 0x0b, 0]);
  }

  /** Runs the body, then again while the condition that it returns holds. */
  repeatWhile(body: () => Value<"i32">): void {
    this.append([0x03, EMPTY_BLOCK]);
    this.depth++;
    const condition = body();
    this.append([condition.code, 0x0d, 0, 0x0b]);
    this.depth--;
  }

  /** Runs the body while the condition holds; checks it before each run. */
  while(condition: Value<"i32">, body: () => void): void {
    const outerLoop = this.loopDepth;
    this.append([0x02, EMPTY_BLOCK, 0x03, EMPTY_BLOCK]);
    this.depth += 2;
    this.loopDepth = this.depth;
    this.leaveLoopIf(i32.eq(condition, 0));
    body();
    this.append([0x0c, 0, 0x0b, 0x0b]);
    this.depth -= 2;
    this.loopDepth = outerLoop;
  }

  /** Leaves the innermost `while`, `forRange` or `repeat` (of more than one run) if the condition holds. */
  leaveLoopIf(condition: Value<"i32">): void {
    if (this.loopDepth === 0) throw new Error("there is no loop to leave");
    this.append([condition.code, 0x0d, this.depth - this.loopDepth + 1]);
  }

  /** Runs the body a constant number of times, at least once. */
  repeat(count: number, body: () => void): void {
    if (count === 1) {
      body();
      return;
    }
    const left = this.local("i32", i32.const(count));
    this.while(left, () => {
      body();
      this.set(left, i32.sub(left, 1));
    });
  }

  /** Runs the body for index = start, start + 1, … while index < end (signed). */
  forRange(start: Integer, end: Integer, body: (index: Local<"i32">) => void): void {
    const index = this.local("i32", asInteger(start));
    this.while(i32.ltSigned(index, end), () => {
      body(index);
      this.increase(index, 1);
    });
  }

  if(condition: Value<"i32">, then: () => void, otherwise?: () => void): void {
    this.append([condition.code, 0x04, EMPTY_BLOCK]);
    this.depth++;
    then();
    if (otherwise) {
      this.append([0x05]);
      otherwise();
    }
    this.append([0x0b]);
    this.depth--;
  }

  /** Calls a function and drops its result, if it has one. */
  call(callee: FunctionHandle, ...operands: (Value | number)[]): void {
    this.append([callCode(callee, operands)]);
    if (callee.result) this.append([0x1a]);
  }

  /** Evaluates an expression for its effect. */
  drop(value: Value): void {
    this.append([value.code, 0x1a]);
  }

  /** Leaves the function, with the value as its result. */
  return(value?: Value): void {
    this.append([value?.code ?? [], 0x0f]);
  }

  /** Ends the program with a trap. */
  trap(): void {
    this.append([0x00]);
  }

  /** The encoded body: the declarations of the locals and the code. */
  encode(): Uint8Array {
    const declarations = vector(this.localTypes.map((type) => [1, TYPE_CODES[type]]));
    return concatenate([unsigned(declarations.length + this.code.length + 1), declarations, this.code, [0x0b]]);
  }
}

function callCode(callee: FunctionHandle, operands: readonly (Value | number)[]): Code {
  const values = operands.map((operand) => (typeof operand === "number" ? i32.const(operand) : operand));
  const types = values.map((value) => value.type);
  if (types.join() !== callee.parameters.join()) {
    throw new TypeError(`${callee.name} takes (${callee.parameters.join(", ")}), called with (${types.join(", ")})`);
  }
  return [values.map((value) => value.code), 0x10, unsigned(callee.index)];
}
