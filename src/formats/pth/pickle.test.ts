import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.js";
import { type Expression, readPickle, type Vocabulary, writePickle } from "./pickle.js";

const vocabulary: Vocabulary = {
  globals: new Map<string, unknown>([
    ["collections.OrderedDict", () => new Map()],
    ["some.module.Thing", "the thing"],
  ]),
  persistent: (id) => ({ id }),
};

function read(bytes: readonly number[] | Uint8Array): unknown {
  return readPickle(Uint8Array.from(bytes), 0, vocabulary).value;
}

/** Pickle instructions, written as a string with one character per byte. */
function program(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

describe("reading", () => {
  // As written by Python's pickle.dumps(value, protocol=2).
  it.each<[string, string, unknown]>([
    ["None", "\x80\x02N.", null],
    ["a tuple of booleans", "\x80\x02\x88\x89\x86q\x00.", [true, false]],
    ["small integers", "\x80\x02K\x01M\xe8\x03J\xff\xff\xff\xff\x87q\x00.", [1, 1000, -1]],
    ["a long", "\x80\x02\x8a\x05\x00\x00\x00\x00\x01.", 2 ** 32],
    ["a negative long", "\x80\x02\x8a\x05\x00\x00\x00\x00\xff.", -(2 ** 32)],
    ["a long past 2^53", "\x80\x02\x8a\x08\x01\x00\x00\x00\x00\x00\x00\x40.", 2n ** 62n + 1n],
    ["a long of 16 bytes", `\x80\x02\x8a\x10${"\0".repeat(15)}\x01.`, 2n ** 120n],
    ["a float", "\x80\x02G\xbf\xe8\x00\x00\x00\x00\x00\x00.", -0.75],
    ["text", "\x80\x02X\x03\x00\x00\x00\xc3\xa9.q\x00.", "é."],
    ["a list", "\x80\x02]q\x00(K\x01K\x02K\x03e.", [1, 2, 3]],
    [
      "a list with the same tuple twice",
      "\x80\x02](K\x01K\x02tq\x00ah\x00a.",
      [
        [1, 2],
        [1, 2],
      ],
    ],
    [
      "a dictionary",
      "\x80\x02}q\x00(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00bNu.",
      new Map<string, unknown>([
        ["a", 1],
        ["b", null],
      ]),
    ],
    ["a dictionary with one item", "\x80\x02}q\x00K\x07\x88s.", new Map([[7, true]])],
    ["a dictionary with None as a key", "\x80\x02}NK\x01s.", new Map([[null, 1]])],
    ["an empty tuple, with a 32-bit memo index", "\x80\x02)r\x00\x01\x00\x00j\x00\x01\x00\x00\x85.", [[]]],
    ["an OrderedDict with attributes", "\x80\x02ccollections\nOrderedDict\n)R}b.", new Map()],
    ["a global", "\x80\x02csome.module\nThing\n.", "the thing"],
    ["a persistent id", "\x80\x02K\x05Q.", { id: 5 }],
  ])("%s", (_, text, value) => {
    expect(read(program(text))).toEqual(value);
  });

  it("returns where the pickle ends", () => {
    expect(readPickle(Uint8Array.from(program("??\x80\x02N.??")), 2, vocabulary)).toEqual({ value: null, end: 6 });
  });
});

describe("refusing", () => {
  it.each<[string, string, string]>([
    ["os.system", "\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.", "refused: the file names os.system"],
    ["eval under Python 2's name", "\x80\x02c__builtin__\neval\n.", "refused: the file names __builtin__.eval"],
    ["a dotted name", "\x80\x02ccollections\nOrderedDict.clear\n.", "names collections.OrderedDict.clear"],
    ["a name that JavaScript's objects inherit", "\x80\x02cx\nconstructor\n.", "names x.constructor"],
    ["an instance of a class", "\x80\x02ccollections\nOrderedDict\n)\x81.", "an unknown instruction 0x81"],
    ["Python 1's instances", "\x80\x02(ios\nsystem\n.", "an unknown instruction 0x69"],
    ["a name from the stack", "\x80\x02NN\x93.", "an unknown instruction 0x93"],
    ["an instance of a class from the stack", "\x80\x02(cos\nsystem\no.", "names os.system"],
    ["an instance of nothing", "\x80\x02(o.", "an unknown instruction 0x6f"],
    ["a registered extension", "\x80\x02\x82\x01.", "an unknown instruction 0x82"],
    ["a long of 17 bytes", `\x80\x02\x8a\x11${"\x7f".repeat(17)}.`, "has an integer of 17 bytes"],
    ["a long of 2 GB", "\x80\x02\x8b\xff\xff\xff\x7f.", "an unknown instruction 0x8b"],
    ["a duplicate of the top of the stack", "\x80\x02N2.", "an unknown instruction 0x32"],
    [
      "calling something that is not a function",
      "\x80\x02csome.module\nThing\n)R.",
      "calls something that is not a function",
    ],
    ["calling without a tuple", "\x80\x02ccollections\nOrderedDict\nNR.", "calls something that is not a function"],
    ["attributes of something else", "\x80\x02K\x01}b.", "attributes of something that is not a dictionary"],
    ["appending to a tuple", "\x80\x02)K\x01a.", "appends to something that is not a list"],
    ["items of a list", "\x80\x02]K\x01K\x02s.", "items of something that is not a dictionary"],
    ["a tuple as a key", "\x80\x02})K\x01s.", "has a key that is not a text or a number"],
    ["a key without a value", "\x80\x02}(K\x01u.", "items of something that is not a dictionary"],
    ["a later protocol", "\x80\x04N.", "has protocol 4, not 2"],
    ["an end without a value", "\x80\x02.", "takes a value from an empty stack"],
    ["a tuple of too few values", "\x80\x02N\x86.", "takes a value from an empty stack"],
    ["a tuple without a mark", "\x80\x02Nt.", "has no mark"],
    ["an unknown memo index", "\x80\x02h\x05.", "recalls value 5, which it never stored"],
    ["text that is cut short", "\x80\x02X\xff\xff\xff\xffabc.", "is cut short (near byte 7)"],
    ["text that is not UTF-8", "\x80\x02X\x01\x00\x00\x00\xff.", "not UTF-8"],
    ["a name that does not end", "\x80\x02cos", "is cut short"],
    ["no end", "\x80\x02N", "is cut short"],
    ["nothing", "", "is cut short"],
  ])("%s", (_, text, message) => {
    expect(() => read(program(text))).toThrow(FormatError);
    expect(() => read(program(text))).toThrow(message);
  });

  it("more than 100,000 instructions", () => {
    const pushes = (count: number) => [...new Array(count).fill(0x4e), 0x2e];
    expect(read(pushes(99_999))).toBeNull();
    expect(() => read(pushes(100_000))).toThrow("does not end within 100000 instructions");
  });

  it("an endless program", () => {
    expect(() => read(new Uint8Array(300_000).fill(0x7d))).toThrow("does not end within 100000 instructions");
  });

  it("a call with very many values", () => {
    const start = program("ccollections\nOrderedDict\n(");
    const values = new Array(90_000).fill(0x4e);
    expect(read([...start, ...values, ...program("tR.")])).toEqual(new Map());
  });
});

describe("writing", () => {
  it.each<[string, Expression, unknown]>([
    ["integers", [0, 255, 256, 65535, 65536, 2 ** 31 - 1], [0, 255, 256, 65535, 65536, 2 ** 31 - 1]],
    ["booleans", [true, false], [true, false]],
    ["text", "naïve ✓", "naïve ✓"],
    ["tuples", [[], [1], [[2, [3]]]], [[], [1], [[2, [3]]]]],
    ["a global", { global: "some.module.Thing" }, "the thing"],
    ["a persistent id", { persistent: ["a", 1] }, { id: ["a", 1] }],
    [
      "a dictionary",
      {
        call: "collections.OrderedDict",
        values: [],
        items: [
          ["a", 1],
          ["b", [2, 3]],
        ],
      },
      new Map<string, unknown>([
        ["a", 1],
        ["b", [2, 3]],
      ]),
    ],
    ["an empty dictionary", { call: "collections.OrderedDict", values: [], items: [] }, new Map()],
  ])("%s", (_, expression, value) => {
    expect(read(writePickle(expression))).toEqual(value);
  });

  // As Python's pickle.dumps(value, protocol=2) without its memo.
  it.each<[string, Expression, string]>([
    ["integers", [0, 255, 256, 65535, 65536], "(K\x00K\xffM\x00\x01M\xff\xffJ\x00\x00\x01\x00t"],
    ["an empty tuple", [], ")"],
    ["text", "é", "X\x02\x00\x00\x00\xc3\xa9"],
    ["a call", { call: "collections.OrderedDict", values: [] }, "ccollections\nOrderedDict\n)R"],
  ])("chooses the shortest instructions for %s", (_, expression, text) => {
    expect([...writePickle(expression)]).toEqual(program(`\x80\x02${text}.`));
  });

  it.each([-1, 0.5, 2 ** 31, Number.NaN])("refuses the number %s", (number) => {
    expect(() => writePickle(number)).toThrow(RangeError);
  });
});
