import { FormatError } from "../errors.js";
import { type AttributeMessage, AttributeType, type NodeMessage } from "./messages.js";
import { type AttributeField, MOST_OUTPUTS, OPERATORS } from "./operators.js";
import { readConstant } from "./tensors.js";
import type { FloatConstant, IntegerConstant, Value } from "./values.js";

const TYPES: Readonly<Record<AttributeField, number>> = {
  f: AttributeType.FLOAT,
  i: AttributeType.INT,
  s: AttributeType.STRING,
  t: AttributeType.TENSOR,
  floats: AttributeType.FLOATS,
  ints: AttributeType.INTS,
};

/** A node of a graph with its inputs. The accessors refuse anything that is not as expected. */
export class GraphNode {
  readonly operator: string;
  /** Undefined for an omitted input. */
  readonly inputs: readonly (Value | undefined)[];
  /** The name of its first output. */
  readonly output: string;
  /** The names of its other outputs, which must not be used. */
  readonly otherOutputs: readonly string[];
  private readonly name: string;
  private readonly attributes: ReadonlyMap<string, AttributeMessage>;

  /**
   * @param lookUp returns the value of a name, if an earlier node defines it
   * @throws FormatError if the operator is known and cannot have these inputs or attributes
   */
  constructor(message: NodeMessage, lookUp: (name: string) => Value | undefined) {
    const { op_type: operator = "", domain = "", input, output, attribute } = message;
    this.operator = domain === "" || domain === "ai.onnx" ? operator : `${domain}.${operator}`;
    [this.output = "", ...this.otherOutputs] = output;
    this.name = message.name || this.output;
    this.inputs = input.map((name) => {
      const value = name === "" ? undefined : lookUp(name);
      if (name !== "" && value === undefined) this.fail(`its input "${name}" is not the output of an earlier node`);
      return value;
    });
    this.attributes = new Map(attribute.map((each) => [each.name ?? "", each]));
    this.checkForm(attribute);
  }

  get label(): string {
    return `node "${this.name}" (${this.operator})`;
  }

  fail(problem: string): never {
    throw new FormatError(`onnx: ${this.label}: ${problem}`);
  }

  private checkForm(attributes: readonly AttributeMessage[]): void {
    if (!Object.hasOwn(OPERATORS, this.operator)) return;
    const { mostInputs, attributes: fields } = OPERATORS[this.operator];
    const [outputs, mostOutputs] = [1 + this.otherOutputs.length, MOST_OUTPUTS[this.operator] ?? 1];
    if (outputs > mostOutputs) this.fail(`it has ${outputs} outputs, expected at most ${mostOutputs}`);
    if (this.inputs.length > mostInputs) this.fail(`it takes ${this.inputs.length} inputs, expected ${mostInputs}`);
    for (const { name = "", type, f, i, s, t, floats, ints } of attributes) {
      if (!Object.hasOwn(fields, name)) this.fail(`its attribute "${name}" is unknown`);
      if (type !== TYPES[fields[name]]) this.fail(`its attribute "${name}" is of type ${type}`);
      const lists = [floats, ints].filter(({ length }) => length > 0);
      const values = [f, i, s, t, ...lists].filter((value) => value !== undefined);
      if (values.length > 1) this.fail(`its attribute "${name}" has ${values.length} values`);
    }
    if (this.attributes.size < attributes.length) this.fail("it has a duplicate attribute");
  }

  /** An INT attribute. */
  integer(name: string, otherwise: number): number {
    const attribute = this.attributes.get(name);
    return attribute ? (attribute.i ?? 0) : otherwise;
  }

  /** A FLOAT attribute. */
  float(name: string, otherwise: number): number {
    const attribute = this.attributes.get(name);
    return attribute ? (attribute.f ?? 0) : otherwise;
  }

  /** An INTS attribute. */
  integers(name: string): readonly number[] | undefined {
    return this.attributes.get(name)?.ints;
  }

  /** A TENSOR attribute. */
  tensor(name: string): FloatConstant | IntegerConstant | undefined {
    const tensor = this.attributes.get(name)?.t;
    return tensor && readConstant(tensor);
  }

  /** The attribute of a node that must have exactly one. */
  onlyAttribute(): AttributeMessage {
    const [attribute, other] = this.attributes.values();
    if (!attribute || other) this.fail(`it has ${this.attributes.size} attributes, expected one`);
    return attribute;
  }

  /** Refuses any value of an attribute other than those allowed. An omitted attribute is accepted. */
  allow(name: string, ...allowed: readonly (number | string)[]): void {
    const attribute = this.attributes.get(name);
    if (!attribute) return;
    const { i = 0, f, s } = attribute;
    // A float32 has seven significant digits.
    const number = f === undefined ? i : Number(f.toPrecision(7));
    const found = s ? new TextDecoder().decode(s) : number;
    if (!allowed.includes(found)) this.fail(`its ${name} is ${found}, expected ${allowed.join(" or ")}`);
  }

  /** A required input. */
  input(index: number): Value {
    return this.inputs[index] ?? this.fail(`it has no input ${index + 1}`);
  }

  /** An input that is a floating-point constant. */
  floats(index: number, what: string): FloatConstant {
    const input = this.inputs[index];
    return input?.kind === "floats" ? input : this.fail(`it has no constant ${what} as input ${index + 1}`);
  }

  /** An input that holds sizes or axes. */
  sizes(index: number, what: string): IntegerConstant {
    const input = this.inputs[index];
    return input?.kind === "integers" ? input : this.fail(`it has no constant ${what} as input ${index + 1}`);
  }

  /** An input that is a list of sizes or axes. */
  list(index: number, what: string): IntegerConstant {
    const sizes = this.sizes(index, what);
    return sizes.shape.length === 1 ? sizes : this.fail(`its ${what} are of shape [${sizes.shape}], expected a list`);
  }
}
