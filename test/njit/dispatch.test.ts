import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mpi } from "../../src/index.js";
import { setLogHandler, setLogLevel } from "../../src/jit/index.js";
import { njit } from "../../src/njit/index.js";
import { assertThrows } from "../harness/assert.js";
import { librariesIn, newFolder } from "../jit/caches.js";
import "./cache.js";

// Which version of a function runs, and what is told of it.

const dispatch = suite("njit: dispatch");

const scale = (x: Float64Array | Int32Array, a: number): number => {
  let s = 0;
  for (let i = 0; i < x.length; i++) s += a * (x[i] as number);
  return s;
};

dispatch("one version for each kind of arguments", () => {
  const fn = njit(scale);
  assert.equal(fn.signatures, []);
  assert.is(fn(Float64Array.of(1, 2), 3), 9);
  assert.equal(fn.signatures, ["f64[], f64"]);
  assert.is(fn(Int32Array.of(1, 2), 3), 9);
  assert.is(fn(Float64Array.of(1, 3), 3), 12);
  assert.is(fn(Int32Array.of(5), 3), 15);
  assert.equal(fn.signatures, ["f64[], f64", "i32[], f64"]);
});

dispatch("tells how long the parts of a first call take, to whom that interests", () => {
  const told: string[] = [];
  const before = setLogHandler((_, message) => void told.push(message));
  setLogLevel("debug");
  try {
    njit(scale)(Float64Array.of(1), 2);
    setLogLevel("warning");
    njit(scale)(Int32Array.of(1), 2);
  } finally {
    setLogHandler(before);
    setLogLevel("warning");
  }
  const parts = told.filter((message) => message.startsWith("scale: "));
  assert.is(parts.length, 2);
  assert.match(parts[0] as string, /^scale: translated into C in \d+\.\d{3} ms$/);
  assert.match(parts[1] as string, /^scale: library loaded in \d+\.\d{3} ms$/);
});

dispatch("the original is kept, with its name and number of parameters", () => {
  const fn = njit(scale);
  assert.is(fn.js, scale);
  assert.is(fn.name, "scale");
  assert.is(fn.length, 2);
});

dispatch("a number that is an index is an integer, or a double all the same", () => {
  const fn = njit((n: number) => {
    let s = 0;
    for (let i = 0; i < n; i++) s += i;
    return s;
  });
  for (const n of [10, 2.5, -1, -0, Number.NaN, 100_000]) assert.is(fn(n), fn.js(n));
  assert.equal(fn.signatures, ["f64"]);
});

dispatch("a signature compiles at once", () => {
  const cacheDir = newFolder();
  const params = { cache: { cacheDir } };
  const fn = njit(scale, "f64[], f64", { params });
  assert.equal(fn.signatures, ["f64[], f64"]);
  assert.is(librariesIn(cacheDir).length, 1);
  assert.is(fn(Float64Array.of(2), 4), 8);
  assert.is(librariesIn(cacheDir).length, 1);
});

dispatch("a signature gives the parameters their types", () => {
  const fn = njit("f32[], i64, bool, number", (x, big, flag, a) => {
    x[0] = a;
    return flag ? big + 1n : big;
  });
  const x = new Float32Array(1);
  assert.is(fn(x, 4n, true, 0.5), 5n);
  assert.is(x[0], 0.5);
  assert.equal(fn.signatures, ["f32[], i64, bool, f64"]);
  const none = njit("", () => 7);
  assert.is(none(), 7);
});

dispatch("wrong signatures", () => {
  const code = "ERR_NJIT_SIGNATURE";
  assertThrows(() => njit(scale, "f64[]"), { code, message: 'has 2 parameters, the signature "f64[]" 1' });
  assertThrows(() => njit(scale, "f65[], f64"), {
    code,
    message: '"f65[]" in the signature "f65[], f64" is no type',
  });
  assertThrows(() => njit(scale, "f64[], string"), { code, message: "expected one of f64, number, bool" });
  assertThrows(() => njit(scale, "f64[],, f64"), { code });
});

dispatch("wrong arguments", () => {
  const fn = njit(scale) as unknown as (...args: unknown[]) => number;
  const x = new Float64Array(1);
  for (const wrong of [
    "text",
    null,
    undefined,
    {},
    [1, 2],
    new Date(),
    () => 1,
    new DataView(x.buffer),
    new BigUint64Array(1),
  ]) {
    assertThrows(() => fn(wrong, 1), { code: "ERR_INVALID_ARG_TYPE", name: "TypeError", argument: "x" });
    assertThrows(() => fn(x, wrong), { code: "ERR_INVALID_ARG_TYPE", name: "TypeError", argument: "a" });
  }
  assertThrows(() => fn(x), { code: "ERR_OUT_OF_RANGE", message: "2 arguments" });
  assertThrows(() => fn(x, 1, 2), { code: "ERR_OUT_OF_RANGE", message: "2 arguments" });
  assert.is(fn(Float64Array.of(3), 2), 6);
});

dispatch("any number of parameters, and of arguments", () => {
  for (const make of [
    () => njit(() => 1),
    () => njit((a: number) => a),
    () => njit((a: number, b: number) => a + 2 * b),
    () => njit((a: number, b: number, c: number) => a + 2 * b + 3 * c),
    () => njit((a: number, b: number, c: number, d: number) => a + 2 * b + 3 * c + 4 * d),
    () => njit((a: number, b: number, c: number, d: number, e: number) => a + 2 * b + 3 * c + 4 * d + 5 * e),
  ]) {
    const fn = make() as unknown as ((...args: unknown[]) => number) & { js: (...args: unknown[]) => number };
    const args = [1, 10, 100, 1000, 10_000].slice(0, fn.length);
    for (let call = 0; call < 3; call++) {
      for (const wrong of [[...args, 1], [...args, undefined], args.slice(1)]) {
        if (wrong.length === args.length) continue;
        assertThrows(() => fn(...wrong), {
          code: "ERR_OUT_OF_RANGE",
          message: `${fn.length} arguments, got ${wrong.length}`,
        });
      }
      assert.is(fn(...args), fn.js(...args));
    }
    assert.throws(() => Reflect.construct(fn, args), TypeError);
  }
});

/** What Node is asked to load as addons while `run` does, and for how many functions it gives what calls them. */
interface Asked {
  readonly paths: string[];
  functions: number;
}

/** @param refuse Whether Node does not load them. */
function watchingNode(run: (asked: Asked) => void, refuse = false): void {
  const { dlopen } = process;
  const asked: Asked = { paths: [], functions: 0 };
  process.dlopen = (addon: { exports: unknown }, path) => {
    asked.paths.push(path);
    if (refuse) throw new Error("no addons here");
    dlopen.call(process, addon, path);
    const bind = addon.exports as (...args: number[]) => unknown;
    addon.exports = (...args: number[]) => {
      const given = bind(...args);
      if (typeof given === "function") asked.functions++;
      return given;
    };
  };
  try {
    run(asked);
  } finally {
    process.dlopen = dlopen;
  }
}

/** Where libraries are addons. */
const isLinux = process.platform === "linux";

const last = (x: Float64Array, i: number): number => {
  if (i < 0) throw new Error("before the first");
  return x[i] as number;
};

for (const refuse of [false, true]) {
  const by = refuse ? "the FFI engine, where Node refuses" : "Node";
  dispatch(`what calls neither MPI nor itself is called by ${by}`, () => {
    watchingNode((asked) => {
      // A library is loaded as an addon once.
      const fn = njit(last, { params: { cache: { cacheDir: newFolder() } } });
      const x = Float64Array.of(1, 2.5);
      assert.is(fn(x, 1), 2.5);
      assert.is(fn(x, 0), 1);
      assertThrows(() => fn(x, 2), { code: "ERR_OUT_OF_RANGE", message: "index 2" });
      assert.throws(
        () => fn(x, -1),
        (error: Error) => error.message === "before the first",
      );
      assert.is(fn(x, 1), 2.5);
      assert.is(asked.paths.length, isLinux ? 1 : 0);
      assert.is(asked.functions, isLinux && !refuse ? 1 : 0);
    }, refuse);
  });
}

dispatch("functions that are called by Node have arguments of their own, with the same library too", () => {
  const params = { cache: { cacheDir: newFolder() } };
  const make = () => njit((a: number, b: number) => a - 2 * b, { params });
  watchingNode((asked) => {
    const [one, other] = [make(), make()];
    assert.is(one(1, 2), -3);
    assert.is(other(10, 1), 8);
    assert.is(one(2, 1), 0);
    assert.is(other(1, 1), -1);
    assert.is(asked.paths.length, isLinux ? 1 : 0);
    assert.is(asked.functions, isLinux ? 2 : 0);
  });
});

dispatch("one function of Node calls those of all libraries", () => {
  const program = `
    const { dlopen } = process;
    let calls = 0;
    process.dlopen = (addon, path, ...flags) => {
      dlopen.call(process, addon, path, ...flags);
      const bind = addon.exports;
      // Not koffi's.
      if (typeof bind !== "function") return;
      addon.exports = (...args) => {
        const run = bind(...args);
        return () => {
          calls++;
          run();
        };
      };
    };
    const { njit } = await import(${JSON.stringify(new URL("../../src/njit/index.js", import.meta.url).href)});
    const params = { cache: { cacheDir: ${JSON.stringify(newFolder())} } };
    const [one, other] = [njit((a, b) => a - 2 * b, { params }), njit((x) => x[0] + 0.5, { params })];
    const x = Float64Array.of(8);
    console.log(one(1, 2), other(x), one(2, 1), other(Float64Array.of(1)), other(x), one(0.5, 0), calls);`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  assert.is(stderr, "");
  assert.is(stdout, `-3 8.5 0 1.5 8.5 0.5 ${isLinux ? 6 : 0}\n`);
});

dispatch("an array is as long as it is, whatever its class says", () => {
  class Longer extends Float64Array {
    override get length(): number {
      return 1000;
    }
  }
  const fn = njit((x: Float64Array) => x[5] as number);
  const told = new Float64Array(3);
  Object.defineProperty(told, "length", { value: 1000 });
  for (const x of [new Longer(3), told]) {
    for (let call = 0; call < 3; call++) {
      assertThrows(() => fn(x), {
        code: "ERR_OUT_OF_RANGE",
        message: "index 5 is outside of an array of 3 elements",
      });
    }
  }
  const bytes = njit((x: Uint8Array) => x[1] as number);
  for (let call = 0; call < 3; call++) assert.is(bytes(Buffer.of(1, 2)), 2);
});

dispatch("the FFI engine calls what Node gives no function for", () => {
  const { dlopen } = process;
  for (const exported of [undefined, {}, () => undefined]) {
    process.dlopen = (addon: { exports: unknown }) => {
      addon.exports = exported;
    };
    try {
      assert.is(njit((x: number) => x + 1, { params: { cache: { cacheDir: newFolder() } } })(1), 2);
    } finally {
      process.dlopen = dlopen;
    }
  }
});

dispatch("what calls MPI is called by the FFI engine", () => {
  watchingNode(({ paths }) => {
    assert.is(njit(() => mpi.rank())(), 0);
    assert.equal(paths, []);
  });
});

dispatch("what calls itself is called by the FFI engine, on the stack that it tells the size of", () => {
  function factorial(n: number): number {
    return n > 1 ? n * factorial(n - 1) : 1;
  }
  watchingNode(({ paths }) => {
    assert.is(njit(factorial)(5), 120);
    assert.equal(paths, []);
  });
});

dispatch("inspectTypes tells each variable's type", () => {
  const fn = njit(scale);
  fn(Float64Array.of(1), 2);
  assert.is(fn.inspectTypes(), "scale(x: f64[], a: f64): f64\n  s: f64\n  i: int [0, 2^31-1]");
  fn(Int32Array.of(1), 2);
  assert.match(fn.inspectTypes("i32[], f64"), /^scale\(x: i32\[\], a: f64\): f64/);
  assert.is(fn.inspectTypes().split("scale(").length, 3);
});

dispatch("integers are assumed to be within what keeps their products exact", () => {
  const row = njit((x: Float64Array, n: number): number => {
    let s = 0;
    for (let i = 0; i < n; i++) s += x[i] as number;
    return s;
  }, "f64[], f64");
  assert.match(row.inspectTypes(), /n: int \[-2\^31, 2\^31-1\]/);
  const grid = njit((x: Float64Array, n: number, m: number): number => {
    let s = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) s += x[i * m + j] as number;
    return s;
  }, "f64[], f64, f64");
  assert.match(grid.inspectTypes(), /m: int \[-67108864, 67108864\]/);
  const cube = njit((x: Float64Array, n: number, m: number, k: number): number => {
    let s = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) s += x[(i * m + j) * k] as number;
    return s;
  }, "f64[], f64, f64, f64");
  assert.match(cube.inspectTypes(), /m: int \[-131072, 131072\]/);
});

dispatch("inspectC shows the C", () => {
  const fn = njit(scale, "f64[], f64");
  assert.match(fn.inspectC(), /\bfor \(/);
  assert.match(fn.inspectC("f64[], f64"), /njit_call/);
  assertThrows(() => fn.inspectC("f64[]"), {
    code: "ERR_NJIT_SIGNATURE",
    message: 'scale is not compiled for "f64[]", but for "f64[], f64"',
  });
  assertThrows(() => fn.inspectTypes("nothing"), { code: "ERR_NJIT_SIGNATURE" });
});

dispatch("the cache is asked once per process, and holds one library for each version", () => {
  const cacheDir = newFolder();
  const params = { cache: { cacheDir } };
  const make = () => njit((x: number) => x + 41.5, { params });
  assert.is(make()(1), 42.5);
  assert.is(make()(2), 43.5);
  assert.is(librariesIn(cacheDir).length, 1);
  const fast = njit((x: number) => x + 41.5, { params, fastmath: true });
  assert.is(fast(1), 42.5);
  assert.is(librariesIn(cacheDir).length, 2);
});

dispatch("fastmath may add in another order", () => {
  const fn = njit(scale, { fastmath: true });
  const x = Float64Array.from({ length: 1000 }, (_, i) => 1 / (i + 1));
  assert.ok(Math.abs(fn(x, 2) - scale(x, 2)) < 1e-10);
});

/** Calls functions of Math, and operations, that C has functions or macros for. */
const various = (x: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const v = x[i] as number;
    sum += Math.sqrt(v) + Math.sin(v) * Math.exp(-v) + Math.atan2(v, 2) + Math.hypot(v, 1) + Math.max(v, 0.5);
    sum += Math.round(v) + Math.floor(v) + (v % 0.75) + v ** 1.5 + Math.log1p(v) + Math.fround(v) + (v | 0);
  }
  return sum;
};

for (const cc of ["gcc", "clang"]) {
  for (const fastmath of [false, true]) {
    dispatch(`${cc} compiles what JavaScript has, fastmath ${fastmath}`, () => {
      const x = Float64Array.from({ length: 100 }, (_, i) => i / 7);
      const fn = njit(various, { fastmath, params: { build: { cc } } });
      assert.ok(Math.abs(fn(x) / various(x) - 1) < 1e-12);
    });
  }
}

dispatch("a compiler that fails is a JitError", () => {
  const here = process.cwd();
  const directory = mkdtempSync(join(tmpdir(), "typed-mpi-njit-"));
  process.chdir(directory);
  try {
    const fn = njit((x: number) => x - 77, {
      params: { build: { cc: "false" }, cache: { cacheDir: join(directory, "cache") } },
    });
    const error = assertThrows(() => fn(1), { code: "ERR_JIT_COMPILE" });
    assert.is(error.name, "JitError");
  } finally {
    process.chdir(here);
    rmSync(directory, { recursive: true });
  }
});

dispatch("without a compiler it warns once, and runs the JavaScript", async () => {
  const params = { build: { cc: "a-compiler-that-is-not-there" }, cache: { cacheDir: newFolder() } };
  const warnings: (Error & { code?: string })[] = [];
  const listener = (warning: Error): number => warnings.push(warning);
  process.on("warning", listener);
  const fn = njit((x: number) => x - 78, { params });
  assert.is(fn(80), 2);
  assert.is(fn(81), 3);
  assert.is(njit((x: number) => x - 79, { params })(80), 1);
  assert.equal(fn.signatures, []);
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("warning", listener);
  assert.equal(
    warnings.map(({ code }) => code),
    ["TYPED_MPI_NJIT_NO_COMPILER"],
  );
  assert.match(warnings[0]?.message ?? "", /a-compiler-that-is-not-there.*run as JavaScript/s);
});

dispatch("what cannot be compiled is an error without a compiler, too", () => {
  const params = { build: { cc: "a-compiler-that-is-not-there" } };
  assertThrows(() => njit((x: number) => `${x}`, { params })(1), { code: "ERR_NJIT_UNSUPPORTED" });
});

dispatch("messages after MPI was finalized are an error, not the end of the process", () => {
  const at = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
  const code = `const { njit } = await import(${at("njit/index.js")});
    const { mpi } = await import(${at("index.js")});
    const sum = njit((x) => mpi.allreduce(x));
    console.log(sum(3));
    mpi.finalize();
    try { sum(3); } catch (error) { console.log(error.code); }`;
  const args = ["--input-type=module", "-e", code];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.is(stdout, "3\nERR_MPI_FINALIZED\n", stderr);
});

dispatch.run();
