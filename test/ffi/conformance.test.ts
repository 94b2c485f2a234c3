import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CType } from "../../src/ffi/index.js";
import { fixture, forEachEngine, throwsCode } from "./engines.js";
import { compile, FIXTURE, needing, providing } from "./fixture.js";

/** A library of the system that exports cos, by the name its loader knows. */
const SYSTEM = process.platform === "darwin" ? "libSystem.B.dylib" : "libm.so.6";

/** Values that each type must carry there and back. */
const CARRIED: readonly (readonly [CType, readonly (number | bigint)[]])[] = [
  ["int8", [0, 127, -128, -1]],
  ["uint8", [0, 127, 128, 255]],
  ["int16", [0, 32767, -32768, -1]],
  ["uint16", [0, 32767, 32768, 65535]],
  ["int32", [0, 2 ** 31 - 1, -(2 ** 31), -1]],
  ["uint32", [0, 2 ** 31, 2 ** 32 - 1]],
  ["int64", [0n, -1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)]],
  ["uint64", [0n, 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]],
  ["float", [0, -1.5, 2 ** 100, Math.fround(0.1), Number.POSITIVE_INFINITY]],
  ["double", [0, -1.5, 0.1, Number.MAX_VALUE, Number.MIN_VALUE, Number.NEGATIVE_INFINITY]],
  ["pointer", [0n, 1n, 2n ** 47n - 8n, 2n ** 64n - 1n]],
];

forEachEngine((ffi, lacks) => {
  const test = suite(`${ffi.name} ${ffi.version} conforms`);
  const library = ffi.load(fixture);

  test("it has a version", () => {
    assert.match(ffi.version, /^\d+\.\d+\.\d+/);
  });

  test("opens a library by a name that the loader knows", () => {
    const system = ffi.load(SYSTEM);
    assert.is(system.path, SYSTEM);
    assert.is(system.func("cos", "double", ["double"])(0), 1);
    system.close();
  });

  test("opens the program itself", () => {
    const program = ffi.load(null);
    assert.is(program.path, null);
    assert.is(program.func("getpid", "int32", [])(), process.pid);
    assert.not(program.has("echo_int32"));
  });

  test("opens a library again after it was closed", () => {
    const path = compile(`reopened_${ffi.name}`, FIXTURE);
    for (let i = 0; i < 3; i++) {
      const reopened = ffi.load(path);
      // Only a library that was really closed starts again with its own values.
      assert.is(reopened.func("read_datum", "int64", [])(), 77n);
      ffi.bytesAt(reopened.symbol("datum"), 8).fill(0);
      assert.is(reopened.func("read_datum", "int64", [])(), 0n);
      reopened.close();
    }
  });

  test("symbols serve later libraries if, and only if, they are opened with global scope", () => {
    const name = ffi.name.replace("-", "_");
    const provider = compile(`provider_${name}`, providing(name));
    const user = compile(`user_${name}`, needing(name));
    ffi.load(provider);
    throwsCode(() => ffi.load(user), "ERR_FFI_LIBRARY", new RegExp(`${name}_(datum|function)`));
    ffi.load(provider, { global: false });
    throwsCode(() => ffi.load(user), "ERR_FFI_LIBRARY");
    ffi.load(provider, { global: true });
    assert.is(ffi.load(user).func("sum", "int32", [])(), 42);
  });

  test("an undefined function is an error when its library is opened, if all is to be there at once", () => {
    const name = `undefined_${ffi.name.replace("-", "_")}`;
    const library = compile(
      name,
      `int ${name}_absent(void); int f(void) { return ${name}_absent(); } int g(void) { return 7; }`,
    );
    throwsCode(() => ffi.load(library, { now: true }), "ERR_FFI_LIBRARY", /absent|undefined/);
    assert.is(ffi.load(library).func("g", "int32", [])(), 7);
    assert.is(
      ffi.load(compile(`${name}_not`, "int g(void) { return 8; }"), { now: true }).func("g", "int32", [])(),
      8,
    );
  });

  test("a missing library is an error with the loader's text", () => {
    for (const global of [false, true]) {
      throwsCode(
        () => ffi.load("libtyped-mpi-nowhere.so", { global }),
        "ERR_FFI_LIBRARY",
        /libtyped-mpi-nowhere\.so.*(no such file|cannot open)/is,
      );
      throwsCode(() => ffi.load(process.execPath.concat("/x.so"), { global }), "ERR_FFI_LIBRARY");
    }
  });

  test("a file that is no library is an error with the loader's text", () => {
    throwsCode(
      () => ffi.load("/etc/passwd"),
      "ERR_FFI_LIBRARY",
      /\/etc\/passwd.*(ELF|mach-o|file too short)/is,
    );
  });

  test("a missing symbol is an error that names it", () => {
    assert.not(library.has("echo_nothing"));
    throwsCode(() => library.symbol("echo_nothing"), "ERR_FFI_SYMBOL", /fixture.*"echo_nothing"/);
    throwsCode(() => library.func("echo_nothing", "void", []), "ERR_FFI_SYMBOL", /fixture.*"echo_nothing"/);
  });

  test("finds functions and data, also those of the libraries it depends on", () => {
    assert.ok(library.has("echo_int32"));
    assert.ok(library.has("datum"));
    assert.ok(library.has("malloc"));
    assert.not.equal(library.symbol("echo_int32"), library.symbol("echo_int64"));
  });

  test("memory of a datum is shared with C", () => {
    const bytes = ffi.bytesAt(library.symbol("datum"), 8);
    const again = ffi.bytesAt(library.symbol("datum"), 8);
    const read = library.func("read_datum", "int64", []);
    assert.is(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true), read());
    bytes.set([5, 0, 0, 0, 0, 0, 0, 0]);
    assert.is(read(), 5n);
    assert.is(again[0], 5);
    assert.is(bytes.byteLength, 8);
    assert.is(ffi.bytesAt(library.symbol("datum"), 0).byteLength, 0);
    assert.is(ffi.bytesAt(0n, 0).byteLength, 0);
  });

  for (const [type, values] of CARRIED) {
    const name = `echo_${type}`;
    if (lacks.argument.includes(type) || lacks.result.includes(type)) {
      test(`says that it cannot carry ${type}`, () => {
        throwsCode(
          () => library.func(name, type, [type]),
          "ERR_FFI_UNSUPPORTED",
          new RegExp(`${type}.*${name}`),
        );
        if (lacks.argument.includes(type)) {
          throwsCode(() => library.func(name, "void", [type]), "ERR_FFI_UNSUPPORTED");
        }
      });
    } else {
      test(`carries ${type}`, () => {
        const echo = library.func(name, type, [type]);
        for (const value of values)
          assert.ok(Object.is(echo(value), value), `${value} came as ${echo(value)}`);
      });
    }
  }

  test("takes float arguments", () => {
    const widen = library.func("widen_float", "double", ["float"]);
    assert.is(widen(0.1), Math.fround(0.1));
    assert.is(widen(-2), -2);
    assert.ok(Number.isNaN(widen(Number.NaN)));
  });

  test("wraps 64-bit arguments modulo 2^64, and takes safe integers for them", () => {
    const int64 = library.func("echo_int64", "int64", ["int64"]);
    const uint64 = library.func("echo_uint64", "uint64", ["uint64"]);
    const pointer = library.func("echo_pointer", "pointer", ["pointer"]);
    assert.is(int64(2n ** 63n), -(2n ** 63n));
    assert.is(int64(2n ** 64n - 1n), -1n);
    assert.is(uint64(-1n), 2n ** 64n - 1n);
    assert.is(pointer(-1n), 2n ** 64n - 1n);
    for (const call of [int64, uint64, pointer]) {
      assert.is(call(7), 7n);
      assert.is(call(Number.MAX_SAFE_INTEGER), 2n ** 53n - 1n);
    }
    assert.is(int64(-7), -7n);
    assert.is(uint64(-7), 2n ** 64n - 7n);
  });

  test("null is the null pointer", () => {
    assert.is(library.func("echo_pointer", "pointer", ["pointer"])(null), 0n);
    assert.is(library.func("echo_pointer", "pointer", ["pointer"])(new Uint8Array(0)), 0n);
  });

  test("an address declared as int64, and the reverse, is the same function", () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const address = ffi.addressOf(bytes);
    assert.is(library.func("echo_pointer", "int64", ["pointer"])(bytes), address);
    assert.is(library.func("echo_pointer", "pointer", ["int64"])(address), address);
    assert.is(library.func("echo_pointer", "int64", ["pointer"])(bytes), address);
  });

  test("passes 12 arguments of different types", () => {
    const weigh = library.func("weigh", "double", [
      ...(["int32", "double", "int64", "float", "pointer", "uint32"] as const),
      ...(["double", "uint64", "int32", "double", "pointer", "double"] as const),
    ]);
    const e = new Float64Array([0, 5.5]).subarray(1);
    const values = [-1, 2.25, -3, 4.5, 5.5, 6, 7.75, 8, -9, 10.125, 1, 12.5];
    const expected = values.reduce((sum, value, i) => sum + (i + 1) * value, 0);
    assert.is(weigh(-1, 2.25, -3n, 4.5, e, 6, 7.75, 8n, -9, 10.125, null, 12.5), expected);
    assert.is(weigh(-1, 2.25, -3n, 4.5, ffi.addressOf(e), 6, 7.75, 8n, -9, 10.125, 0n, 12.5), expected);
  });

  test("returns undefined from void", () => {
    assert.is(library.func("increment", "void", ["pointer", "int32"])(null, 0), undefined);
  });

  const buffer = new ArrayBuffer(64);
  const shared = new SharedArrayBuffer(64);
  const Resizable = ArrayBuffer as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
  const views: Record<string, ArrayBufferView> = {
    "a Uint8Array": new Uint8Array(buffer),
    "a Uint8Array at an odd offset": new Uint8Array(buffer, 3, 5),
    "a Float64Array at an offset": new Float64Array(buffer, 8, 2),
    "a Float32Array at an offset": new Float32Array(buffer, 4, 2),
    "a BigInt64Array": new BigInt64Array(3),
    "a BigUint64Array": new BigUint64Array(3),
    "an Int8Array": new Int8Array(3),
    "a Uint8ClampedArray": new Uint8ClampedArray(3),
    "an Int16Array": new Int16Array(3),
    "a Uint16Array": new Uint16Array(3),
    "a Uint32Array": new Uint32Array(3),
    "a DataView": new DataView(buffer),
    "a DataView at an offset": new DataView(buffer, 5, 7),
    "a small array on V8's heap": new Int32Array([1]),
    "a large array": new Float64Array(1 << 16),
    "a Buffer": Buffer.alloc(16),
    "a Buffer from the pool": Buffer.from("of the pool"),
    "a view of a SharedArrayBuffer": new Uint8Array(shared),
    "a view of a SharedArrayBuffer at an offset": new Float64Array(shared, 16, 2),
    "a DataView of a SharedArrayBuffer": new DataView(shared, 3, 9),
    "a view of a resizable buffer": new Uint8Array(new Resizable(8, { maxByteLength: 64 }), 2),
  };
  // Node 20 has none.
  const Float16 = (globalThis as unknown as { Float16Array?: typeof Uint16Array }).Float16Array;
  if (Float16 !== undefined) views["a Float16Array"] = new Float16(3);

  for (const [name, view] of Object.entries(views)) {
    test(`C reads and writes ${name}`, () => {
      const increment = library.func("increment", "void", ["pointer", "int32"]);
      const whole = new Uint8Array(view.buffer);
      const expected = whole.map((value, i) =>
        i >= view.byteOffset && i < view.byteOffset + view.byteLength ? value + 2 : value,
      );
      increment(view, view.byteLength);
      increment(ffi.addressOf(view), view.byteLength);
      assert.is(Buffer.compare(whole, expected), 0);
    });

    test(`the address of ${name} is that of its first byte`, () => {
      const echo = library.func("echo_pointer", "pointer", ["pointer"]);
      const address = ffi.addressOf(view);
      assert.is(echo(view), address);
      assert.is(ffi.addressOf(new Uint8Array(view.buffer)), address - BigInt(view.byteOffset));
      const bytes = ffi.bytesAt(address, view.byteLength);
      const own = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      bytes[0] = 171;
      assert.is(own[0], 171);
      assert.is(Buffer.compare(bytes, own), 0);
    });
  }

  test("the address of nothing is null", () => {
    assert.is(ffi.addressOf(new Uint8Array(0)), 0n);
    assert.is(ffi.addressOf(new Uint8Array(buffer, 8, 0)), 0n);
    assert.is(ffi.addressOf(new DataView(new ArrayBuffer(0))), 0n);
  });

  test("a detached view is null or refused", () => {
    const detached = new Float64Array(4);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    assert.is(ffi.addressOf(detached), 0n);
    let address = 0n;
    try {
      address = library.func("echo_pointer", "pointer", ["pointer"])(detached);
    } catch (error) {
      assert.match((error as Error).message, /detached/);
    }
    assert.is(address, 0n);
  });

  test("what is not of the C type is refused, and the process lives", () => {
    const refused = (type: CType, value: unknown) => {
      const echo = library.func(type === "float" ? "widen_float" : `echo_${type}`, "void", [type]);
      assert.throws(() => echo(value as never), undefined, `${type} took ${String(value)}`);
    };
    for (const type of ["int32", "uint32", "int64", "uint64", "float", "double"] as const) {
      for (const value of ["1", null, {}, Symbol("x"), new Uint8Array(8)]) refused(type, value);
    }
    for (const value of [Symbol("x"), () => 1, true]) refused("pointer", value);
    assert.throws(() => library.func("echo_int32", "int32", ["int32"])());
    assert.throws(() => library.func("echo_pointer", "pointer", ["pointer"])());
    assert.is(library.func("echo_int32", "int32", ["int32"])(3), 3);
  });

  test("calls on another thread, while JavaScript goes on", async () => {
    if (lacks.async) {
      throwsCode(() => library.asyncFunc("take_turns", "int32", ["pointer"]), "ERR_FFI_UNSUPPORTED");
      return;
    }
    // C waits until JavaScript, which does not wait for C, has written a 1.
    const turns = new Int32Array(new SharedArrayBuffer(64), 0, 2);
    const call = library.asyncFunc("take_turns", "int32", ["pointer"]);
    const returned = call(ffi.addressOf(turns));
    Atomics.store(turns, 0, 1);
    assert.is(await returned, 42);
    assert.is(turns[1], 7);
    assert.is(await library.asyncFunc("echo_int64", "int64", ["int64"])(2n ** 60n), 2n ** 60n);
    throwsCode(() => library.asyncFunc("no_such_function", "void", []), "ERR_FFI_SYMBOL");
  });

  test.run();
});
