import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type GivenParams, validateParams } from "../../src/jit/params.js";
import {
  canonicalizeParamsForHashing,
  hashit,
  hashParams,
  jitSignature,
  signatureOf,
} from "../../src/jit/signature.js";
import { assertThrows } from "../harness/assert.js";
import { inSession } from "./session.js";

const cyclic: Record<string, unknown> = {};
cyclic["a"] = [cyclic];

const floats = (length: number, last: number): Float64Array =>
  new Float64Array(length).fill(last, length - 1);

/** Each another value than all others. */
const distinct: readonly unknown[] = [
  ...[0, -0, 1, "1", 1n, true, "true", null, "null", undefined, "undefined", Number.NaN, "NaN"],
  ...[Number.POSITIVE_INFINITY, 0.1, 0.1 + Number.EPSILON / 8, -1, -1n, "", "1;", "1n;", false],
  ...[[], {}, [[]], [[], []], [1], [1, 2], [[1], 2], [1, [2]], [12], ["1", "2"], ["1,2"], ['1";"2']],
  ...[[undefined], Array(1), [null], { a: undefined }, { a: null }, { a: { b: 1 } }, { a: 1, b: 1 }],
  ...[{ "a;": 1 }, { 0: 1 }, { length: 0 }, new Date(1), new Date(Number.NaN), "1970-01-01T00:00:00.001Z"],
  ...[new Map(), new Map([["a", 1]]), new Map([[1, "a"]]), new Set(), new Set(["a", 1]), new Set(["a"])],
  ...[new Uint8Array([1, 2]), new Int8Array([1, 2]), Buffer.from([1, 2]), new Uint16Array([513])],
  ...[new Uint8Array([1, 2]).buffer, new DataView(new Uint8Array([1, 2]).buffer), new Uint8Array(2)],
  ...[new Uint8ClampedArray([1, 2]), new BigInt64Array(1), new BigUint64Array(1), new Float64Array(1)],
  ...[
    new Float64Array([-0]),
    new Float32Array(2),
    floats(100, 1),
    floats(100, -0),
    floats(100, 0),
    floats(101, 0),
  ],
  ...["\ud800", "\ud801", "\ufffd", "\\ud800", "e\u0301", "\u00e9"],
];

test("what is different has another hash", () => {
  const seen = new Map<string, unknown>();
  for (const value of distinct) {
    for (const [key, data] of [
      ["alone", value],
      ["in", { value }],
      ["list", [value]],
    ] as const) {
      const id = `${key}${hashit(data)}`;
      assert.not(seen.has(id), `${key}: ${String(seen.get(id))} and ${String(value)}`);
      seen.set(id, value);
    }
  }
  assert.is(seen.size, 3 * distinct.length);
});

test("what is the same has the same hash", () => {
  const same: readonly [unknown, unknown][] = [
    [
      { a: 1, b: { c: [1, { x: 1, y: 2 }], d: 2 } },
      { b: { d: 2, c: [1, { y: 2, x: 1 }] }, a: 1 },
    ],
    [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [runInContext("({ a: [1], d: new Date(5) })", createContext()), { a: [1], d: new Date(5) }],
    [
      runInContext(
        "({ m: new Map([['k', [1]]]), s: new Set([1]), f: new Float64Array(2) })",
        createContext(),
      ),
      { m: new Map([["k", [1]]]), s: new Set([1]), f: new Float64Array(2) },
    ],
    [new Set(["a", 1]), new Set([1, "a"])],
    [
      new Map<unknown, number>([
        ["a", 1],
        [{ x: 1 }, 2],
      ]),
      new Map<unknown, number>([
        [{ x: 1 }, 2],
        ["a", 1],
      ]),
    ],
    [floats(10, 3), new Float64Array(floats(12, 3).buffer, 16)],
    [
      [cyclic["b"], cyclic["b"]],
      [undefined, undefined],
    ],
  ];
  for (const [a, b] of same) assert.is(hashit(a), hashit(b));
  const shared = [1];
  assert.is(hashit([shared, shared]), hashit([[1], [1]]), "the same object twice is no cycle");
});

test("hashes are 32 hexadecimal digits, of the canonical text", () => {
  const params = { b: [1, "x"], a: true };
  assert.match(hashit(params), /^[0-9a-f]{32}$/);
  assert.is(hashParams(params), hashit(params));
  assert.is(canonicalizeParamsForHashing(params), '{"a"true;"b"[1;"x"]}');
  assert.is(canonicalizeParamsForHashing({ a: true, b: [1, "x"] }), canonicalizeParamsForHashing(params));
  assert.is.not(hashParams(params), hashParams({ ...params, a: false }));
});

test("what has no value to hash is refused by the name of its place", () => {
  class Quadrature {
    readonly degree: number = 2;
  }
  class Table extends Map<string, number> {
    readonly degree: number = 2;
  }
  class Nodes extends Array<number> {}
  class Labels extends Set<string> {}
  class Day extends Date {}
  class Weights extends Float64Array {}
  const type = "ERR_INVALID_ARG_TYPE";
  const refused: readonly [unknown, string, string][] = [
    [{ rule: () => 1 }, "params.generator.rule", type],
    [{ a: [1, { "x-y": Symbol("s") }] }, 'params.generator.a[1]["x-y"]', type],
    [{ [Symbol("s")]: 1 }, "params.generator", type],
    [{ q: new Quadrature() }, "params.generator.q", type],
    [{ q: Promise.resolve() }, "params.generator.q", type],
    [{ q: /x/ }, "params.generator.q", type],
    [{ q: new Map([["k", () => 1]]) }, 'params.generator.q["\\"k\\""]', type],
    [{ q: new Table() }, "params.generator.q", type],
    [{ q: [new Labels()] }, "params.generator.q[0]", type],
    [{ q: new Nodes() }, "params.generator.q", type],
    [{ q: new Day() }, "params.generator.q", type],
    [{ q: new Weights(2) }, "params.generator.q", type],
    [{ q: Object.assign([1], { x: 1 }) }, "params.generator.q", type],
    [{ q: Object.assign([], { [Symbol("s")]: 1 }) }, "params.generator.q", type],
    [{ q: Object.assign(new Map(), { x: 1 }) }, "params.generator.q", type],
    [{ q: Object.assign(new Set(), { x: 1 }) }, "params.generator.q", type],
    [{ c: cyclic }, "params.generator.c.a[0]", "ERR_INVALID_ARG_VALUE"],
  ];
  for (const [generator, argument, code] of refused) {
    assertThrows(() => jitSignature("f", { generator } as GivenParams), { code, argument });
  }
  assertThrows(() => hashit([() => 1]), { code: type, argument: "data[0]" });
});

test("a signature is the safe part of the name and a hash of the whole", () => {
  const hostile = [
    "../x",
    "a;rm -rf /",
    "x".repeat(300),
    "a\0b",
    "é",
    "\ud83d\ude00",
    "a b",
    "-",
    ".",
    "$(id)",
    "a'\"\n",
  ];
  const signatures = hostile.map((name) => jitSignature(name));
  for (const signature of signatures) assert.match(signature, /^[A-Za-z0-9_]{1,60}_[0-9a-f]{32}$/);
  assert.is(new Set(signatures).size, hostile.length);
  assert.is((signatures[2] as string).length, 60 + 33);
  assert.ok(jitSignature("poisson_2").startsWith("poisson_2_"));
  assert.is.not(jitSignature("x".repeat(300)), jitSignature("x".repeat(301)));
  assert.is.not(jitSignature("a/b").slice(-32), jitSignature("a;b").slice(-32));
  assertThrows(() => jitSignature(""), { code: "ERR_INVALID_ARG_VALUE", argument: "name" });
  assertThrows(() => jitSignature(3 as never), { code: "ERR_INVALID_ARG_TYPE", argument: "name" });
});

test("name and parameters do not run into each other", () => {
  const pairs: readonly [string, GivenParams][] = [
    ["a", { generator: { b: 1 } }],
    ['a"{"b"1;}', {}],
    ['a{"b"1;}', {}],
  ];
  assert.is(new Set(pairs.map(([name, given]) => jitSignature(name, given))).size, pairs.length);
});

test("generator and build parameters are in it, the rest is not", () =>
  inSession(() => {
    const base = jitSignature("f");
    const others: readonly GivenParams[] = [
      { generator: { degree: 1 } },
      { generator: { degree: 2 } },
      { build: { cxxflags: ["-O1"] } },
      { build: { cxxflags: ["-O1", "-g"] } },
      { build: { cxxflags: ["-O1 -g"] } },
      { build: { cxxflagsOpt: ["-O1"] } },
      { build: { debug: true } },
      { build: { libs: "m" } },
      { build: { libDirs: "m" } },
      { build: { includeDirs: "m" } },
      { build: { language: "c" } },
      { build: { cxx: "g++" } },
      { build: { cxx: "clang++" } },
      { build: { cxxflags: ["-O1", "-march=native"] } },
    ];
    const signatures = [base, ...others.map((given) => jitSignature("f", given))];
    assert.is(new Set(signatures).size, signatures.length);
    const same: readonly GivenParams[] = [
      {},
      { generator: {} },
      { build: {} },
      { build: { timeout: 5, debug: false, libs: [] } },
      { cache: { cacheDir: "/elsewhere", srcStorage: "keep" } },
    ];
    for (const given of same) assert.is(jitSignature("f", given), base);
  }));

test("parameters that change are looked at anew", () =>
  inSession(() => {
    const { cache, build, generator } = validateParams();
    const own = {
      cache,
      build: { ...build, cxxflags: [...build.cxxflags] },
      generator: { ...generator, a: [1] },
    };
    const first = signatureOf("f", own);
    assert.is(signatureOf("f", own), first);
    own.generator.a.push(2);
    const second = signatureOf("f", own);
    assert.is.not(second, first);
    own.build.cxxflags.push("-g");
    assert.is.not(signatureOf("f", own), second);
    const halfFrozen = Object.freeze({ ...own.build, cxxflags: ["-O1"] });
    const third = signatureOf("f", { cache, build: halfFrozen, generator });
    halfFrozen.cxxflags.push("-g");
    assert.is.not(signatureOf("f", { cache, build: halfFrozen, generator }), third);
  }));

/** The signature that a new process makes. */
function signatureInChild(cxx: string, given: GivenParams): string {
  const module = JSON.stringify(new URL("../../src/jit/signature.js", import.meta.url).href);
  const program = `import { jitSignature } from ${module};
    process.stdout.write(jitSignature("f", ${JSON.stringify(given)}));`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    env: { ...process.env, CXX: cxx },
  });
  assert.is(child.status, 0, child.stderr);
  assert.is(child.stderr, "");
  return child.stdout;
}

test("it is the same in another process, until the compiler is another one", () =>
  inSession(({ here, set }) => {
    const compiler = join(here, "g++");
    const install = (text: string) => writeFileSync(compiler, `#!/bin/sh\n${text}`, { mode: 0o755 });
    install('exec g++ "$@"\n');
    const one = signatureInChild(compiler, { generator: { a: 1, b: [2] } });
    assert.is(signatureInChild(compiler, { generator: { b: [2], a: 1 } }), one);
    set({ CXX: compiler });
    assert.is(jitSignature("f", { generator: { a: 1, b: [2] } }), one);
    install('exec g++ -O1 "$@"\n');
    assert.is.not(signatureInChild(compiler, { generator: { a: 1, b: [2] } }), one);
  }));

test("another architecture has other signatures", () =>
  inSession(({ set }) => {
    const here = jitSignature("f");
    const arch = Object.getOwnPropertyDescriptor(process, "arch") as PropertyDescriptor;
    Object.defineProperty(process, "arch", { ...arch, value: "riscv64" });
    try {
      set({});
      assert.is.not(jitSignature("f"), here);
    } finally {
      Object.defineProperty(process, "arch", arch);
    }
    set({});
    assert.is(jitSignature("f"), here);
  }));

test("a compiler that is not there is told", () =>
  inSession(() => {
    assertThrows(() => jitSignature("f", { build: { cxx: "no-such-compiler" } }), {
      code: "ERR_JIT_COMPILER_NOT_FOUND",
      message: "no-such-compiler",
    });
  }));

test.run();
