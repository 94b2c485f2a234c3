import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fixture, forEachEngine, throwsCode } from "./engines.js";

forEachEngine((ffi, lacks) => {
  const test = suite(`${ffi.name} ${ffi.version}: callbacks`);
  const library = ffi.load(fixture);

  if (lacks.callbacks) {
    test("says that it has no callbacks", () => {
      throwsCode(() => ffi.callback("void", [], () => {}), "ERR_FFI_UNSUPPORTED", /callbacks/);
    });
    test.run();
    return;
  }

  test("C calls back, several times, and takes the results", () => {
    const seen: unknown[] = [];
    const compare = ffi.callback("int32", ["pointer", "pointer"], (a: bigint, b: bigint) => {
      seen.push(typeof a, typeof b);
      const [x, y] = [a, b].map((address) => Buffer.from(ffi.bytesAt(address, 4)).readInt32LE());
      return Math.sign((x as number) - (y as number));
    });
    const array = new Int32Array([5, -3, 8, 1, 9, -7, 2]);
    const qsort = ffi.load(null).func("qsort", "void", ["pointer", "uint64", "uint64", "pointer"]);
    qsort(array, array.length, 4, compare.address);
    compare.close();
    assert.equal([...array], [-7, -3, 1, 2, 5, 8, 9]);
    assert.ok(seen.length > 12);
    assert.ok(seen.every((type) => type === "bigint"));
  });

  test("callbacks take numbers, 64-bit values and pointers", () => {
    const seen: unknown[] = [];
    const numbers = ffi.callback("double", ["int32", "uint32", "float", "double"], (...args: number[]) => {
      seen.push(...args);
      return 0.3;
    });
    const wide = ffi.callback("int64", ["int64", "uint64", "pointer"], (...args: bigint[]) => {
      seen.push(...args);
      return args[0] as bigint;
    });
    const call = library.func("call_wide", "int64", ["pointer", "pointer"]);
    assert.is(library.func("call_numbers", "double", ["pointer"])(numbers.address), 0.3);
    assert.is(call(wide.address, 2n ** 40n), -9007199254740993n);
    assert.is(call(wide.address, null), -9007199254740993n);
    const [negative, largest] = [-9007199254740993n, 2n ** 64n - 1n];
    assert.equal(seen, [-1, 2 ** 32 - 1, 1.5, 0.1, negative, largest, 2n ** 40n, negative, largest, 0n]);
    numbers.close();
    wide.close();
  });

  test("callbacks return pointers and nothing", () => {
    const results = [null, 0n, 5n];
    const pointer = ffi.callback("pointer", [], () => results.shift());
    const call = library.func("call_pointer", "pointer", ["pointer"]);
    assert.equal([call(pointer.address), call(pointer.address), call(pointer.address)], [0n, 0n, 5n]);
    pointer.close();
    let calls = 0;
    const nothing = ffi.callback("void", [], () => ++calls);
    assert.is(library.func("call_void", "void", ["pointer"])(nothing.address), undefined);
    assert.is(calls, 1);
    nothing.close();
  });

  const repeat = library.func("repeat", "int32", ["pointer", "int32"]);

  test("what a callback throws is thrown by the call, and the next call works", () => {
    const wrong = new RangeError("thrown in a callback");
    let calls = 0;
    const failing = ffi.callback("int32", ["int32"], (i: number) => {
      calls++;
      if (i === 2) throw wrong;
      return 1;
    });
    const caught: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      try {
        repeat(failing.address, 10);
      } catch (error) {
        caught.push(error);
      }
    }
    assert.equal(caught.length, 2);
    assert.ok(caught.every((error) => error === wrong));
    assert.is(calls, 6);
    assert.is(repeat(failing.address, 2), 2);
    failing.close();
  });

  test("after an exception callbacks give C zeros, and no JavaScript is run", () => {
    const array = new Int32Array(64).map((_, i) => (i * 37) % 64);
    let calls = 0;
    const failing = ffi.callback("int32", ["pointer", "pointer"], () => {
      calls++;
      throw undefined;
    });
    const qsort = ffi.load(null).func("qsort", "void", ["pointer", "uint64", "uint64", "pointer"]);
    let threw = false;
    try {
      qsort(array, array.length, 4, failing.address);
    } catch {
      threw = true;
    }
    failing.close();
    assert.ok(threw);
    assert.is(calls, 1);
  });

  test("an exception stops at the innermost call, and can be caught there", () => {
    const inner = ffi.callback("int32", ["int32"], () => {
      throw new Error("inner");
    });
    const messages: string[] = [];
    const outer = ffi.callback("int32", ["int32"], () => {
      try {
        repeat(inner.address, 1);
      } catch (error) {
        messages.push((error as Error).message);
      }
      return 1;
    });
    assert.is(repeat(outer.address, 3), 3);
    assert.equal(messages, ["inner", "inner", "inner"]);
    inner.close();
    outer.close();
  });

  test("a callback that returns what C cannot take throws", () => {
    for (const value of [undefined, "1", {}, null]) {
      const wrong = ffi.callback("int32", ["int32"], () => value);
      assert.throws(() => repeat(wrong.address, 1), undefined, `took ${String(value)}`);
      wrong.close();
    }
  });

  test("close gives the trampoline back, and may be repeated", () => {
    for (let i = 0; i < 10_000; i++) {
      const callback = ffi.callback("int32", ["int32"], () => 0);
      callback.close();
      callback.close();
    }
    const last = ffi.callback("int32", ["int32"], () => 1);
    assert.is(repeat(last.address, 4), 4);
    last.close();
  });

  test.run();
});
