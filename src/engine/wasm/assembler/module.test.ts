import { describe, expect, it } from "vitest";
import { type FunctionBuilder, f32, i32, i32x4, type Local, ModuleBuilder, v128 } from "./index.js";

function instantiate(module: ModuleBuilder, shared = false) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared });
  const compiled = new WebAssembly.Module(module.encode({ pages: 1, shared }));
  const { exports } = new WebAssembly.Instance(compiled, { environment: { memory } });
  return { memory, exports: exports as Record<string, (...operands: number[]) => number | undefined> };
}

/** A function of integers that is built, compiled and called. */
function evaluate(
  emit: (code: FunctionBuilder, operands: Record<"a" | "b", Local<"i32">>) => void,
  a = 0,
  b = 0,
): number | undefined {
  const module = new ModuleBuilder();
  module.function("run", { a: "i32", b: "i32" }, emit, { exported: true, result: "i32" });
  return instantiate(module).exports.run(a, b);
}

describe("control flow", () => {
  it("repeats a constant number of times", () => {
    const repeated = (count: number) =>
      evaluate((code, { a }) => {
        code.repeat(count, () => code.increase(a, 1));
        code.return(a);
      });
    expect([1, 2, 17].map(repeated)).toEqual([1, 2, 17]);
  });

  it("counts nested repeats anew each time", () => {
    const times = evaluate((code, { a }) => {
      code.repeat(3, () => code.repeat(5, () => code.increase(a, 1)));
      code.return(a);
    });
    expect(times).toBe(15);
  });

  it("leaves the innermost loop from between other blocks", () => {
    // Of every row a, columns up to the first where column · column reaches a: 0, 1, 2, 2, 2, 3 … of them.
    const visited = (rows: number) =>
      evaluate((code, { a, b }) => {
        code.forRange(0, a, (row) => {
          code.forRange(0, 100, (column) => {
            code.if(i32.const(1), () => {
              code.leaveLoopIf(i32.geSigned(i32.mul(column, column), row));
              code.increase(b, 1);
            });
          });
          code.increase(b, 1000);
        });
        code.return(b);
      }, rows);
    expect([0, 1, 2, 3, 6].map(visited)).toEqual([0, 1000, 2001, 3003, 6010]);
  });

  it("repeats while a condition holds, at least once", () => {
    const halvings = (from: number) =>
      evaluate(
        (code, { a, b }) => {
          code.repeatWhile(() => {
            code.set(a, i32.shrSigned(a, 1));
            code.increase(b, 1);
            return a;
          });
          code.return(b);
        },
        from,
        0,
      );
    expect([0, 1, 2, 1000].map(halvings)).toEqual([1, 1, 2, 10]);
  });

  it("goes through a range, signed, and not at all through an empty one", () => {
    const visited = (from: number, to: number) => {
      const module = new ModuleBuilder();
      module.function(
        "run",
        { from: "i32", to: "i32" },
        (code, { from, to }) => {
          const next = code.local("i32");
          code.forRange(from, to, (index) => {
            code.store(next, index, 4);
            code.increase(next, 4);
          });
          code.store(0, next);
        },
        { exported: true },
      );
      const { memory, exports } = instantiate(module);
      exports.run(from, to);
      const words = new Int32Array(memory.buffer);
      return [...words.subarray(1, 1 + words[0] / 4)];
    };
    expect(visited(2, 6)).toEqual([2, 3, 4, 5]);
    expect(visited(-2, 1)).toEqual([-2, -1, 0]);
    expect(visited(3, 3)).toEqual([]);
    expect(visited(5, -5)).toEqual([]);
  });

  it("reads the end of a range anew before every turn", () => {
    const turns = evaluate(
      (code, { a, b }) => {
        code.forRange(0, a, () => {
          code.increase(b, 1);
          code.set(a, i32.sub(a, 1));
        });
        code.return(b);
      },
      10,
      0,
    );
    expect(turns).toBe(5);
  });

  it("takes one branch of two, or skips the only one", () => {
    const branch = (a: number) =>
      evaluate((code, { a, b }) => {
        code.if(
          i32.gtSigned(a, 0),
          () => code.set(b, i32.const(1)),
          () => code.set(b, i32.const(-1)),
        );
        code.if(i32.eq(a, 0), () => code.increase(b, 100));
        code.return(b);
      }, a);
    expect([5, -5, 0].map(branch)).toEqual([1, -1, 99]);
  });

  it("leaves a function from inside a loop", () => {
    const squareRoot = (of: number) =>
      evaluate((code, { a, b }) => {
        code.repeatWhile(() => {
          code.if(i32.geSigned(i32.mul(b, b), a), () => code.return(b));
          code.increase(b, 1);
          return i32.const(1);
        });
        code.trap();
      }, of);
    expect([0, 1, 144].map(squareRoot)).toEqual([0, 1, 12]);
  });

  it("traps", () => {
    expect(() => evaluate((code) => code.trap())).toThrow(WebAssembly.RuntimeError);
  });
});

describe("locals", () => {
  it("start at zero or at their value, of every type", () => {
    const module = new ModuleBuilder();
    module.function(
      "run",
      { address: "i32" },
      (code, { address }) => {
        code.store(address, code.local("i32"));
        code.store(address, code.local("i32", i32.const(7)), 4);
        code.store(address, code.local("f32", f32.const(1.5)), 8);
        code.store(address, code.local("v128", i32x4.const([1, 2, 3, 4])), 32);
        code.store8(address, code.local("i32", i32.const(0x1ff)), 48);
      },
      { exported: true },
    );
    const { memory, exports } = instantiate(module);
    new Uint8Array(memory.buffer).fill(0xee);
    exports.run(64);
    const view = new DataView(memory.buffer, 64);
    expect([0, 4, 32, 36, 40, 44].map((offset) => view.getInt32(offset, true))).toEqual([0, 7, 1, 2, 3, 4]);
    expect(view.getFloat32(8, true)).toBe(1.5);
    expect([view.getUint8(48), view.getUint8(49)]).toEqual([0xff, 0xee]);
  });

  it("zero a stretch of memory and nothing beside it", () => {
    const module = new ModuleBuilder();
    module.function(
      "run",
      { address: "i32", length: "i32" },
      (code, { address, length }) => code.zeroMemory(address, length),
      { exported: true },
    );
    const { memory, exports } = instantiate(module);
    const bytes = new Uint8Array(memory.buffer).fill(1);
    exports.run(10, 5);
    exports.run(30, 0);
    expect(bytes.indexOf(0)).toBe(10);
    expect(bytes.lastIndexOf(0)).toBe(14);
  });

  it("fill a stretch of memory with the low byte of an integer", () => {
    const module = new ModuleBuilder();
    module.function("run", { byte: "i32" }, (code, { byte }) => code.fillMemory(10, byte, 5), { exported: true });
    const { memory, exports } = instantiate(module);
    exports.run(0x1ff);
    expect([...new Uint8Array(memory.buffer, 9, 7)]).toEqual([0, 255, 255, 255, 255, 255, 0]);
  });
});

describe("calls", () => {
  function library() {
    const module = new ModuleBuilder();
    const add = module.function("add", { a: "i32", b: "i32" }, (code, { a, b }) => code.return(i32.add(a, b)), {
      result: "i32",
    });
    const keep = module.function("keep", { address: "i32", value: "v128" }, (code, { address, value }) => {
      code.store(address, value);
    });
    return { module, add, keep };
  }

  it("pass operands, and drop the results", () => {
    const { module, add, keep } = library();
    module.function(
      "run",
      { a: "i32" },
      (code, { a }) => {
        code.call(add, a, 1);
        code.call(keep, 0, i32x4.splat(a));
        code.drop(v128.load(0));
        code.return(i32.load(4));
      },
      { exported: true, result: "i32" },
    );
    const { exports } = instantiate(module);
    expect(exports.run(20)).toBe(20);
    expect(Object.keys(exports)).toEqual(["run"]);
  });

  it("are refused where operands are of another type", () => {
    const { module, add, keep } = library();
    const inFunction = (emit: (code: FunctionBuilder) => void) => () => module.function("run", {}, emit);
    expect(inFunction((code) => code.call(add, 1))).toThrow(new TypeError("add takes (i32, i32), called with (i32)"));
    expect(inFunction((code) => code.call(add, 1, f32.const(1)))).toThrow(
      new TypeError("add takes (i32, i32), called with (i32, f32)"),
    );
    expect(inFunction((code) => code.call(keep, 0, 1))).toThrow(
      new TypeError("keep takes (i32, v128), called with (i32, i32)"),
    );
  });
});

describe("modules", () => {
  it("take parameters of several types in their order", () => {
    const module = new ModuleBuilder();
    module.function(
      "run",
      { address: "i32", real: "f32", whole: "i32" },
      (code, { address, real, whole }) => {
        code.store(address, real);
        code.store(address, whole, 8);
      },
      { exported: true },
    );
    const { memory, exports } = instantiate(module);
    exports.run(16, 0.1, -7);
    const view = new DataView(memory.buffer);
    expect([view.getFloat32(16, true), view.getInt32(24, true)]).toEqual([Math.fround(0.1), -7]);
  });

  it("run on shared memory, and only on the kind they were encoded for", () => {
    const module = new ModuleBuilder();
    module.function("run", {}, (code) => code.atomicStore(0, 5), { exported: true });
    const { memory, exports } = instantiate(module, true);
    exports.run();
    expect(new Int32Array(memory.buffer)[0]).toBe(5);
    const unshared = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    const compiled = new WebAssembly.Module(module.encode({ pages: 1, shared: true }));
    expect(() => new WebAssembly.Instance(compiled, { environment: { memory: unshared } })).toThrow(
      WebAssembly.LinkError,
    );
  });

  it("may hold nothing", () => {
    expect(WebAssembly.validate(new ModuleBuilder().encode({ pages: 0, shared: false }))).toBe(true);
  });
});
