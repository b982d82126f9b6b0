import { existsSync, readFileSync } from "node:fs";
import { zipSync } from "fflate";
import { describe, expect, it, vi } from "vitest";
import type { NamedTensors, Tensor } from "../../model/parameters.js";
import { openStoredZip } from "../zip/read.js";
import { writeStoredZip } from "../zip/write.js";
import { type Expression, writePickle } from "./pickle.js";
import { isPth, readPth, writePth } from "./pth.js";
import { stateDictVocabulary, writeStateDict } from "./stateDict.js";

function fixture(name: string): Uint8Array {
  return readFileSync(`tests/fixtures/formats/${name}`);
}

/** 0, 1/8, 2/8 …, as in the fixtures. */
function eighths(...shape: number[]): Tensor<Float32Array> {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return { shape, data: Float32Array.from({ length: count }, (_, index) => index / 8) };
}

/** A tensor of the eighths at these positions. */
function picked(shape: number[], places: number[]): Tensor<Float32Array> {
  return { shape, data: Float32Array.from(places, (place) => place / 8) };
}

it("is recognised by its first bytes", () => {
  for (const name of ["zip.pth", "legacy.pth"]) expect(isPth(fixture(name))).toBe(true);
  for (const bytes of [[], [0x80], [0x80, 3], [0x50, 2], [0x50, 0x4b, 1, 2]]) {
    expect(isPth(Uint8Array.from(bytes)), `${bytes}`).toBe(false);
  }
});

const network = new Map([
  ["conv.weight", eighths(2, 1, 3, 3)],
  ["conv.bias", eighths(2)],
  ["fc.weight", eighths(2, 3)],
  ["fc.bias", eighths(2)],
]);

describe("a file from PyTorch", () => {
  it.each(["zip.pth", "legacy.pth", "parameters.pth", "checkpoint.pth"])("%s", (name) => {
    const { tensors } = readPth(fixture(name));
    expect([...tensors.keys()]).toEqual([...network.keys()]);
    expect(tensors).toEqual(network);
  });

  it.each(["dtypes.pth", "dtypes.legacy.pth"])("with every type: %s", (name) => {
    const special = [0, -0, Infinity, -Infinity, Number.NaN, 1.5, -2, 2 ** -14, 2 ** -24, -(2 ** -20)];
    const { tensors } = readPth(fixture(name));
    expect(tensors.get("half")).toEqual({ shape: [10], data: Float32Array.from(special) });
    expect(tensors.get("bfloat16")).toEqual({ shape: [10], data: Float32Array.from(special) });
    expect(tensors.get("double")).toEqual({ shape: [4], data: Float32Array.of(0.1, -0, Number.NaN, Infinity) });
    expect(tensors.get("int64")).toEqual({ shape: [2], data: BigInt64Array.of(-1n, 2n ** 62n) });
    expect(tensors.get("int32")).toEqual({ shape: [2], data: Int32Array.of(-1, 2 ** 30) });
    expect(tensors.get("int16")).toEqual({ shape: [2], data: Int16Array.of(-1, 2 ** 14) });
    expect(tensors.get("int8")).toEqual({ shape: [2], data: Int8Array.of(-1, 100) });
    expect(tensors.get("uint8")).toEqual({ shape: [2], data: Uint8Array.of(1, 255) });
    expect(tensors.get("bool")).toEqual({ shape: [2], data: Uint8Array.of(1, 0) });
    expect(tensors.get("scalar")).toEqual({ shape: [], data: Float32Array.of(2.5) });
    expect(tensors.get("empty")).toEqual({ shape: [2, 0, 3], data: new Float32Array(0) });
  });

  it.each(["strided.pth", "strided.legacy.pth"])("with views into shared storages: %s", (name) => {
    const { tensors } = readPth(fixture(name));
    const rows = [0, 1, 2, 3];
    const columns = [0, 1, 2, 3, 4, 5];
    const transposed = columns.flatMap((column) => rows.map((row) => 6 * row + column));
    expect(tensors.get("transposed")).toEqual(picked([6, 4], transposed));
    expect(tensors.get("slice")).toEqual(picked([2, 3], [8, 9, 10, 14, 15, 16]));
    expect(tensors.get("step")).toEqual(picked([4, 3], [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]));
    expect(tensors.get("expanded")).toEqual(picked([3, 6], [...columns, ...columns, ...columns]));
    const permuted = rows.flatMap((k) => [0, 1].flatMap((i) => [0, 1, 2].map((j) => 12 * i + 4 * j + k)));
    expect(tensors.get("permuted")).toEqual(picked([4, 2, 3], permuted));
  });

  it.each([
    ["module.pth", "refused: the file names __main__.Network"],
    ["malice.pth", "refused: the file names posix.system"],
    ["malice.legacy.pth", "refused: the file names posix.system"],
    ["malice.pickle.pth", "refused: the file names posix.system"],
    ["deflated.pth", "refused: the zip archive's entry zip/data.pkl is compressed"],
    ["big-endian.pth", "byte order is big-endian"],
  ])("that is refused: %s", (name, message) => {
    expect(() => readPth(fixture(name))).toThrow(message);
    expect(existsSync("executed")).toBe(false);
  });
});

describe("writing", () => {
  const bits = Uint32Array.of(0x80000000, 0x7fa00001, 0xffc12345, 0x7f800000, 0xff800000, 1);
  const tensors: NamedTensors = new Map<string, Tensor>([
    ["12", { shape: [2, 3], data: new Float32Array(bits.buffer) }],
    ["scalar", { shape: [], data: Float32Array.of(2.5) }],
    ["empty", { shape: [2, 0, 3], data: new Float32Array(0) }],
    ["naïve ✓", { shape: [2, 2], data: new Float32Array(4).fill(0.5) }],
    ["int64", { shape: [1], data: BigInt64Array.of(-1n) }],
    ["int32", { shape: [1], data: Int32Array.of(-1) }],
    ["int16", { shape: [3], data: Int16Array.of(-1, 2, 3) }],
    ["int8", { shape: [3], data: Int8Array.of(-1, 2, 3) }],
    ["uint8", { shape: [3], data: Uint8Array.of(255, 2, 3) }],
  ]);
  const written = writePth(tensors);

  it("keeps names, order, shapes and every bit", () => {
    const { tensors: read } = readPth(written);
    expect([...read.keys()]).toEqual([...tensors.keys()]);
    expect(read).toEqual(tensors);
    expect([...new Uint32Array(read.get("12")!.data.buffer)]).toEqual([...bits]);
  });

  it("stores the entries that PyTorch needs, aligned to 64 bytes", () => {
    const view = new DataView(written.buffer);
    const stored: string[] = [];
    for (let position = 0; view.getUint32(position, true) === 0x04034b50; ) {
      const nameEnd = position + 30 + view.getUint16(position + 26, true);
      const begin = nameEnd + view.getUint16(position + 28, true);
      expect(view.getUint16(position + 8, true)).toBe(0);
      expect(begin % 64).toBe(0);
      stored.push(new TextDecoder().decode(written.subarray(position + 30, nameEnd)));
      position = begin + view.getUint32(position + 22, true);
    }
    const storages = [...tensors.keys()].map((_, index) => `archive/data/${index}`);
    expect(stored).toEqual(["archive/data.pkl", "archive/byteorder", ...storages, "archive/version"]);
  });

  it.each(["Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu"])("writes the same bytes in %s", (zone) => {
    const elsewhere = writePth(network);
    vi.stubEnv("TZ", zone);
    expect(writePth(network)).toEqual(elsewhere);
    vi.unstubAllEnvs();
  });

  it("accepts weights in shared memory and at any offset of a buffer", () => {
    const shared = new Float32Array(new SharedArrayBuffer(64), 8, 6);
    shared.set(eighths(6).data);
    const { tensors: read } = readPth(writePth(new Map([["w", { shape: [2, 3], data: shared as Float32Array }]])));
    expect(read.get("w")).toEqual(eighths(2, 3));
  });

  it("keeps metadata beside the tensors", () => {
    const metadata = { lenet: '{"größe": 1}', empty: "" };
    const bytes = writePth(network, metadata);
    expect(readPth(bytes)).toEqual({ tensors: network, metadata });
    const { names } = openStoredZip(bytes);
    expect(names.slice(-3)).toEqual(["archive/version", "archive/extra/lenet", "archive/extra/empty"]);
  });

  it("describes a tensor as contiguous, on the processor and without a gradient", () => {
    const { pickled, storages } = writeStateDict(new Map([["w", eighths(2, 1, 3)]]));
    const hooks = { call: "collections.OrderedDict", values: [] };
    const storage = { persistent: ["storage", { global: "torch.FloatStorage" }, "0", "cpu", 6] };
    const values = [storage, 0, [2, 1, 3], [3, 3, 1], false, hooks];
    expect(pickled).toEqual({ ...hooks, items: [["w", { call: "torch._utils._rebuild_tensor_v2", values }]] });
    expect(storages).toHaveLength(1);
  });

  it("writes a state_dict without tensors", () => {
    expect(readPth(writePth(new Map()))).toEqual({ tensors: new Map(), metadata: {} });
  });

  it("rounds float64 to float32 on reading", () => {
    const { tensors: read } = readPth(writePth(new Map([["w", { shape: [1], data: Float64Array.of(0.1) }]])));
    expect(read.get("w")).toEqual({ shape: [1], data: Float32Array.of(0.1) });
  });

  it("refuses what PyTorch cannot read, and a shape that does not fit", () => {
    const unsigned = { shape: [1], data: Uint16Array.of(1) };
    expect(() => writePth(new Map([["w", unsigned]]))).toThrow('tensor "w": PyTorch has no storage for');
    const data = new Float32Array(3);
    expect(() => writePth(new Map([["w", { shape: [2], data }]]))).toThrow("does not fit 3 elements");
  });
});

describe("a damaged or hostile file", () => {
  const storage = (count: number, type = "torch.FloatStorage"): Expression => ({
    persistent: ["storage", { global: type }, "0", "cpu", count],
  });
  const tensor = (...values: Expression[]): Expression => ({
    call: "torch._utils._rebuild_tensor_v2",
    values: [...values, false, { call: "collections.OrderedDict", values: [] }],
  });
  const dictionary = (...items: [string, Expression][]): Expression => ({
    call: "collections.OrderedDict",
    values: [],
    items,
  });

  /** A file with one storage of four float32, under the key 0. */
  function file(root: Expression, entries: Record<string, Uint8Array> = {}): Uint8Array {
    const version = Buffer.from("3\n");
    const contents = {
      "a/data.pkl": writePickle(root),
      "a/data/0": new Uint8Array(16),
      "a/version": version,
      ...entries,
    };
    return zipSync(contents, { level: 0 });
  }

  /** A pickle in which an expression's text stands for what expressions cannot say. */
  function withBytes(expression: Expression, text: string, bytes: string): Uint8Array {
    const written = Buffer.from(writePickle(text)).subarray(2, -1).toString("latin1");
    return Buffer.from(Buffer.from(writePickle(expression)).toString("latin1").replaceAll(written, bytes), "latin1");
  }

  it("differs from these valid ones", () => {
    const entries = { "a/data/0": new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) };
    const read = (...values: Expression[]) =>
      readPth(file(dictionary(["w", tensor(storage(4), ...values)]), entries)).tensors.get("w");
    expect(read(0, [2, 2], [2, 1])).toEqual({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
    expect(read(2, [2], [1])).toEqual({ shape: [2], data: Float32Array.of(3, 4) });
    const ones = new Array(64).fill(1);
    expect(read(3, ones, ones)).toEqual({ shape: ones, data: Float32Array.of(4) });
  });

  it("keeps prefixes that not all names have", () => {
    const view = tensor(storage(4), 0, [4], [1]);
    const { tensors } = readPth(file(dictionary(["module.w", view], ["bias", view])));
    expect([...tensors.keys()]).toEqual(["module.w", "bias"]);
  });

  it.each<[string, Expression, string]>([
    ["no dictionary", [1, 2], "the file holds no state_dict"],
    ["no tensors", dictionary(["epoch", 3]), "a dictionary without tensors"],
    ["a storage of another size", dictionary(["w", tensor(storage(5), 0, [5], [1])]), "has 16 bytes, not 20"],
    ["a storage of two sizes", [storage(4), storage(3)], "the pickle describes storage 0 in two ways"],
    [
      "a dictionary with values, as of Python 2",
      { call: "collections.OrderedDict", values: [[]] },
      "creates an OrderedDict from values",
    ],
    ["an unknown type", dictionary(["w", storage(4, "torch.QInt8Storage")]), "names torch.QInt8Storage"],
    ["a tensor past its storage", dictionary(["w", tensor(storage(4), 1, [4], [1])]), 'tensor "w" reaches element 4'],
    ["strides past the storage", dictionary(["w", tensor(storage(4), 0, [2, 2], [3, 1])]), "reaches element 4 of"],
    ["too few strides", dictionary(["w", tensor(storage(4), 0, [2, 2], [1])]), "shape [2,2] but strides [1]"],
    ["a shape of text", dictionary(["w", tensor(storage(4), 0, ["a"], [1])]), "without a storage, an offset, a shape"],
    ["no storage", dictionary(["w", tensor(3, 0, [1], [1])]), "without a storage"],
    [
      "an older file's id of a storage",
      dictionary(["w", { persistent: ["storage", { global: "torch.FloatStorage" }, "0", "cpu", 4, 0] }]),
      "other than a storage",
    ],
    ["another persistent id", dictionary(["w", { persistent: ["module", "x"] }]), "other than a storage"],
    [
      "a storage of two types",
      [storage(4), storage(4, "torch.IntStorage")],
      "the pickle describes storage 0 in two ways",
    ],
    [
      "a terabyte from sixteen bytes",
      dictionary(["w", tensor(storage(4), 0, [2 ** 20, 2 ** 20], [0, 0])]),
      "far more than a LeNet-5",
    ],
    [
      "more dimensions than PyTorch has",
      dictionary(["w", tensor(storage(4), 0, new Array(65).fill(1), new Array(65).fill(1))]),
      "without a storage, an offset, a shape or strides",
    ],
  ])("is refused: %s", (_, root, message) => {
    expect(() => readPth(file(root))).toThrow(message);
  });

  it("is refused: many small tensors that are large together", () => {
    const views = Array.from({ length: 123 }, (_, i): [string, Expression] => [
      `w${i}`,
      tensor(storage(2 ** 16), 0, [2 ** 16], [1]),
    ]);
    const entries = { "a/data/0": new Uint8Array(2 ** 18) };
    expect(() => readPth(file(dictionary(...views), entries))).toThrow(
      'refused: with tensor "w122" of shape [65536], the file holds far more than a LeNet-5',
    );
  });

  it("is refused: tensors without a name", () => {
    const pickle = withBytes(dictionary(["w", tensor(storage(4), 0, [4], [1])]), "w", "K\x05");
    expect(() => readPth(file([], { "a/data.pkl": pickle }))).toThrow("holds a dictionary without tensors");
  });

  const float = stateDictVocabulary("archive").globals.get("torch.FloatStorage");
  it.each<[string, "archive" | "older", unknown]>([
    ["nothing", "archive", null],
    ["a list", "archive", ["storage", float, "0", "cpu", 4]],
    ["an older file's tuple", "archive", Object.freeze(["storage", float, "0", "cpu", 4, null])],
    ["an archive's tuple", "older", Object.freeze(["storage", float, "0", "cpu", 4])],
    ["a storage that is a view", "older", Object.freeze(["storage", float, "0", "cpu", 4, ["0", 0, 4]])],
    ["a module", "archive", Object.freeze(["module", float, "0", "cpu", 4])],
    ["the name of a type", "archive", Object.freeze(["storage", "torch.FloatStorage", "0", "cpu", 4])],
    ["a number as the key", "archive", Object.freeze(["storage", float, 0, "cpu", 4])],
    ["no count", "archive", Object.freeze(["storage", float, "0", "cpu", null])],
    ["a negative count", "archive", Object.freeze(["storage", float, "0", "cpu", -1])],
    ["half an element", "archive", Object.freeze(["storage", float, "0", "cpu", 0.5])],
  ])("refers to a storage by %s in the %s form, which is refused", (_, form, id) => {
    const { persistent } = stateDictVocabulary(form);
    expect(() => persistent(id)).toThrow("the pickle refers to something other than a storage");
  });

  describe("in the older form", () => {
    const MAGIC = Buffer.from("8002" + "8a0a" + "6cfc9c46f9206aa85019" + "2e", "hex");
    const older = { persistent: ["storage", { global: "torch.FloatStorage" }, "0", "cpu", 2, "None"] };
    const weights = dictionary(["w", tensor(older, 0, [2], [1])]);
    const little = dictionary(["little_endian", true]);

    /** A file with one storage of two float32, under the key 0. */
    function olderFile(protocol: number, system: Expression, keys: Expression): Uint8Array {
      const contents = Buffer.concat([
        Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0),
        new Uint8Array(Float32Array.of(5, 6).buffer),
      ]);
      const pickles = [writePickle(protocol), writePickle(system), withBytes(weights, "None", "N"), writePickle(keys)];
      return Buffer.concat([MAGIC, ...pickles, contents]);
    }

    it("differs from this valid file", () => {
      const expected = new Map([["w", { shape: [2], data: Float32Array.of(5, 6) }]]);
      expect(readPth(olderFile(1001, little, ["0"]))).toEqual({ tensors: expected, metadata: {} });
    });

    it.each<[string, Uint8Array, string]>([
      ["another protocol", olderFile(1002, little, ["0"]), "the file's protocol is not 1001"],
      ["big-endian", olderFile(1001, dictionary(["little_endian", false]), ["0"]), "byte order is big-endian"],
      ["no list of storages", olderFile(1001, little, 0), "the file has no list of storages"],
      ["a storage that is not listed", olderFile(1001, little, []), "the file has no storage 0"],
      ["a storage that is not used", olderFile(1001, little, ["0", "1"]), "a storage that no tensor uses"],
    ])("is refused: %s", (_, bytes, message) => {
      expect(() => readPth(bytes)).toThrow(message);
    });
  });

  it("is refused: a missing storage", () => {
    const root = dictionary([
      "w",
      tensor({ persistent: ["storage", { global: "torch.FloatStorage" }, "x", "cpu", 4] }, 0, [4], [1]),
    ]);
    expect(() => readPth(file(root))).toThrow("the archive's entry a/data/x is missing");
  });

  it("is refused: a zip bomb", () => {
    const bomb = zipSync({ "a/data.pkl": new Uint8Array(2 ** 20) }, { level: 9 });
    expect(() => readPth(bomb)).toThrow("refused: the zip archive's entry a/data.pkl is compressed");
  });

  it("is refused: an older file whose storage has another number of elements than its pickle says", () => {
    const original = fixture("legacy.pth");
    // The first storage follows the last pickle: its count is a uint64 before the first of the eighths, 0 and 1/8.
    const place = Buffer.from(original).indexOf(Buffer.from(Float32Array.of(0, 1 / 8, 2 / 8).buffer)) - 8;
    const count = Number(new DataView(original.buffer, original.byteOffset).getBigUint64(place, true));
    expect([18, 2, 6]).toContain(count);
    for (const other of [count - 1, count + 1]) {
      const changed = new Uint8Array(original);
      new DataView(changed.buffer).setBigUint64(place, BigInt(other), true);
      expect(() => readPth(changed)).toThrow(`is cut short or does not have ${count} elements`);
    }
  });

  it("is refused: an older file that ends within its last storage", () => {
    const original = fixture("legacy.pth");
    expect(() => readPth(original.subarray(0, -1))).toThrow("is cut short or does not have");
  });

  it("is refused: a pickle outside the folder of the first entry, which PyTorch does not find", () => {
    const inside = file(dictionary());
    const { names, read } = openStoredZip(inside);
    const entries = names.map((name) => [name, read(name)!] as const);
    const before = writeStoredZip([["other/version", Uint8Array.of(51)], ...entries], 64);
    expect(() => readPth(before)).toThrow("the zip archive has no data.pkl");
    const bare = writeStoredZip(
      [
        ["data.pkl", writePickle(dictionary())],
        ["version", Uint8Array.of(51)],
      ],
      64,
    );
    expect(() => readPth(bare)).toThrow("the zip archive has no data.pkl");
    const folder = writeStoredZip([...entries, ["a/", new Uint8Array(0)]], 64);
    expect(() => readPth(folder)).toThrow("entry a/ is not a file in the folder of the others, a/");
    const after = writeStoredZip([...entries, ["other/version", Uint8Array.of(51)]], 64);
    expect(() => readPth(after)).toThrow("entry other/version is not a file in the folder of the others, a/");
  });

  it.each([
    ["version", "", "entry version is not a number from 1 to 10"],
    ["version", "0", "entry version is not a number from 1 to 10"],
    ["version", "11", "entry version is not a number from 1 to 10"],
    ["version", "3;", "entry version is not a number from 1 to 10"],
    ["version", ";3", "entry version is not a number from 1 to 10"],
    ["byteorder", "\ufefflittle", "entry byteorder is neither little nor big"],
    [".storage_alignment", "64q", "entry .storage_alignment is not a number"],
    [".storage_alignment", "q64", "entry .storage_alignment is not a number"],
    [".data/serialization_id", "\xff", "entry .data/serialization_id is not ASCII"],
    ["constants.pkl", "", "the file holds TorchScript"],
  ])("is refused as PyTorch refuses it: %s of %j", (name, text, message) => {
    const entries = { [`a/${name}`]: new TextEncoder().encode(text) };
    expect(() => readPth(file(dictionary(), entries))).toThrow(message);
  });

  it.each(["1", "10"])("is read with version %s and all small entries of PyTorch", (version) => {
    const entries = { version, byteorder: "little", ".storage_alignment": "64", ".data/serialization_id": "07" };
    const named = Object.entries(entries).map(([name, text]) => [`a/${name}`, Buffer.from(text)] as const);
    expect(readPth(file(dictionary(), Object.fromEntries(named))).tensors.size).toBe(0);
  });

  it("is refused: gradients of integers, and parameters without a tensor", () => {
    const integers = storage(4, "torch.IntStorage");
    const values = [integers, 0, [4], [1], true, { call: "collections.OrderedDict", values: [] }];
    const gradient = dictionary(["w", { call: "torch._utils._rebuild_tensor_v2", values }]);
    expect(() => readPth(file(gradient))).toThrow("a gradient, which only floating point can have");
    const parameter = (...given: Expression[]) =>
      file(dictionary(["w", { call: "torch._utils._rebuild_parameter", values: given }]));
    const floats = tensor(storage(4), 0, [4], [1]);
    expect(readPth(parameter(floats, true, [])).tensors.size).toBe(1);
    expect(() => readPth(parameter(floats, 1, []))).toThrow("a gradient, which only floating point can have");
    expect(() => readPth(parameter(floats, true))).toThrow("a parameter without a tensor");
    expect(() => readPth(parameter(storage(4), true, []))).toThrow("a parameter without a tensor");
  });

  it.each([
    [5, [storage(4), 0, [4], [1], false]],
    [7, [storage(4), 0, [4], [1], false, false, { call: "collections.OrderedDict", values: [] }]],
  ])("is refused: a tensor of %i values", (count, values) => {
    const root = dictionary(["w", { call: "torch._utils._rebuild_tensor_v2", values }]);
    expect(() => readPth(file(root))).toThrow(`describes a tensor by ${count} values, not 6`);
  });

  it("is refused: a zip archive of something else", () => {
    expect(() => readPth(zipSync({ "readme.txt": new Uint8Array(9) }))).toThrow("has no data.pkl");
  });

  it.each([
    ["nothing", new Uint8Array(0), "not a PyTorch file"],
    ["text", new TextEncoder().encode("version https://git-lfs"), "not a PyTorch file"],
    ["the start of a zip archive", fixture("zip.pth").subarray(0, 900), "the zip archive is damaged"],
    ["another pickle", writePickle([1]), "its first pickle is not PyTorch's"],
    ["the start of the older form", fixture("legacy.pth").subarray(0, 880), "is cut short or does not have"],
  ])("is refused: %s", (_, bytes, message) => {
    expect(() => readPth(bytes)).toThrow(message);
  });
});
