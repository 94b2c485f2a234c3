import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type BoundsCheck, type Compiled, njit } from "../../src/njit/index.js";
import { assertArray, assertThrows } from "../harness/assert.js";
import { assertSame, type Tested } from "./compare.js";
import { functionOf } from "./text.js";

// An index outside of an array.

const bounds = suite("njit: bounds");

const compiledFor = (text: string, boundscheck?: BoundsCheck): Compiled<Tested> =>
  njit(functionOf(text, "bounds.js"), boundscheck === undefined ? {} : { boundscheck });

/** Of ES2024. */
type Resizing = ArrayBuffer & { resize(length: number): void };

const OUTSIDE: readonly number[] = [
  3,
  -1,
  1e9,
  2 ** 31,
  -(2 ** 40),
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
];

bounds("throw is the default: the error says where, and which", () => {
  const fn = compiledFor("(x, i) => {\n  return x[i] + 1;\n}");
  assert.is(fn(Float64Array.of(1, 2, 3), 2), 4);
  for (const i of OUTSIDE) {
    const error = assertThrows(() => fn(new Float64Array(3), i), {
      code: "ERR_OUT_OF_RANGE",
      name: "RangeError",
    });
    assert.match(error.message, /is outside of an array of 3 elements\n {2}at bounds\.js:2:10\n.*x\[i\]/);
  }
  assert.match(
    assertThrows(() => fn(new Float64Array(3), 7), { code: "ERR_OUT_OF_RANGE" }).message,
    /index 7 /,
  );
});

bounds("throw: stores, too", () => {
  const fn = compiledFor("(x, i) => { x[i] = 1; }");
  for (const i of OUTSIDE) {
    const x = new Float64Array(3);
    assertThrows(() => fn(x, i), { code: "ERR_OUT_OF_RANGE" });
    assertArray(x, new Float64Array(3));
  }
});

bounds("throw: a loop does what comes before the index that is outside", () => {
  const fn = compiledFor("(x, n) => { for (let i = 0; i < n; i++) x[i] = i + 1; }");
  const x = new Float64Array(4);
  fn(x, 3);
  assertArray(x, Float64Array.of(1, 2, 3, 0));
  assertThrows(() => fn(x.fill(0), 6), {
    code: "ERR_OUT_OF_RANGE",
    message: "index 4 is outside of an array of 4",
  });
  assertArray(x, Float64Array.of(1, 2, 3, 4));
  const down = compiledFor("(x, n) => { for (let i = n; i >= -1; i--) x[i] += 1; }");
  assertThrows(() => down(x.fill(0), 3), { code: "ERR_OUT_OF_RANGE", message: "index -1 " });
  assertArray(x, Float64Array.of(1, 1, 1, 1));
});

bounds("throw: a loop to what is computed from the length", () => {
  for (const header of ["i < n / 2", "i <= n / 2", "i < n >> 1", "i < n % 9", "i < Math.ceil(n / 3)"]) {
    const fn = compiledFor(`(x, n) => { for (let i = 0; ${header}; i++) x[i + n - 4] = i + 1; }`);
    const plain = fn.js;
    for (const n of [4, 5, 8, 9, 20]) {
      const [x, expected] = [new Float64Array(8), new Float64Array(8)];
      // JavaScript drops what is outside, which a longer array takes.
      const whole = new Float64Array(64);
      plain(whole, n);
      expected.set(whole.subarray(0, 8));
      const isInside = whole.subarray(8).every((value) => value === 0);
      if (isInside) fn(x, n);
      else assertThrows(() => fn(x, n), { code: "ERR_OUT_OF_RANGE" });
      assertArray(x, expected);
    }
  }
});

bounds("throw: a counter that is read after its loop is beyond it", () => {
  const after = compiledFor(`(x, n, m) => {
    for (let j = 0; j < m; j++) {
      let i = 0;
      for (i = 0; i < n; i++) x[i] += 1;
      x[i] = 9;
    }
  }`);
  assertSame(after, () => [new Float64Array(6), 5, 2]);
  const x = new Float64Array(6);
  assertThrows(() => after(x.subarray(0, 5), 5, 2), { code: "ERR_OUT_OF_RANGE", message: "index 5 " });
  assertArray(x, Float64Array.of(1, 1, 1, 1, 1, 0));
});

bounds("throw: a counter of two loops is where each of them is", () => {
  const twice = compiledFor(`(x, n, m, k) => {
    for (let j = 0; j < m; j++) {
      let i = 0;
      for (i = 0; i < n; i++) x[i] += 1;
      for (i = 0; i < k; i++) x[i] += 2;
    }
  }`);
  assertSame(twice, () => [new Float64Array(6), 5, 2, 6]);
  for (const [n, k] of [
    [7, 3],
    [3, 7],
  ])
    assertThrows(() => twice(new Float64Array(6), n, 2, k), {
      code: "ERR_OUT_OF_RANGE",
      message: "index 6 ",
    });
});

bounds("throw: what the header of an inner loop reads is tested before the outer one", () => {
  const fn = compiledFor(`(x, rows, n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      for (let k = rows[i]; k < rows[i + 1]; k++) sum += k;
    }
    return sum;
  }`);
  const rows = Int32Array.of(0, 3, 3, 8);
  assertSame(fn, () => [new Float64Array(1), rows, 3]);
  assertThrows(() => fn(new Float64Array(1), rows, 4), { code: "ERR_OUT_OF_RANGE", message: "index 4 " });
  assert.match(fn.inspectC(), /if \([^\n]*\+ 1LL\) < rows_\d+_n/);
});

bounds("throw: a stencil that reads its neighbours", () => {
  const fn = compiledFor(
    "(u, v, from, to) => { for (let i = from; i < to; i++) v[i] = u[i - 1] + u[i + 1]; }",
  );
  const u = (): Float64Array => Float64Array.from({ length: 10 }, (_, i) => i * i);
  assertSame(fn, () => [u(), new Float64Array(10), 1, 9]);
  assertThrows(() => fn(u(), new Float64Array(10), 0, 9), { code: "ERR_OUT_OF_RANGE", message: "index -1 " });
  assertThrows(() => fn(u(), new Float64Array(10), 1, 10), {
    code: "ERR_OUT_OF_RANGE",
    message: "index 10 ",
  });
  assertThrows(() => fn(u(), new Float64Array(5), 1, 9), { code: "ERR_OUT_OF_RANGE", message: "index 5 " });
});

bounds("js: what is read is NaN, what is written is dropped", () => {
  const fn = compiledFor("(x, i) => { x[i] = 9; return x[i] * 2; }", "js");
  assert.is(fn(new Float64Array(3), 1), 18);
  for (const i of OUTSIDE) assertSame(fn, () => [new Float64Array(3), i]);
  for (const i of OUTSIDE) assertSame(fn, () => [new Int32Array(3), i]);
  const loop = compiledFor(
    "(u, v, n) => { let s = 0; for (let i = 0; i < n; i++) { v[i] = u[i - 1] + u[i + 1]; s += v[i]; } return s; }",
    "js",
  );
  for (const n of [0, 3, 6, 9])
    assertSame(loop, () => [Float64Array.of(1, 2, 3, 4, 5, 6), new Float64Array(5), n]);
});

bounds("js: what is written to bigints is dropped, and reading one throws", () => {
  const write = compiledFor("(x, i, v) => { x[i] = v; const w = (x[i] = v + 1n); return w; }", "js");
  for (const i of [0, 2, ...OUTSIDE]) assertSame(write, () => [new BigInt64Array(3), i, 5n]);
  const loop = compiledFor("(x, n) => { for (let i = -1; i < n; i++) x[i] = 3n; }", "js");
  for (const n of [0, 3, 5]) assertSame(loop, () => [new BigInt64Array(3), n]);
  for (const text of ["(x, i) => x[i]", "(x, i) => { x[i] += 1n; }"]) {
    assertThrows(() => compiledFor(text, "js")(new BigInt64Array(3), 3), { code: "ERR_OUT_OF_RANGE" });
  }
});

bounds("none: the same inside", () => {
  const fn = compiledFor("(x, n) => { let s = 0; for (let i = 0; i < n; i++) s += x[i]; return s; }", "none");
  assertSame(fn, () => [Float64Array.of(1, 2, 3), 3]);
  assertSame(fn, () => [Int8Array.of(1, 2, 3), 2]);
});

bounds("lengths of new arrays", () => {
  const fn = compiledFor("(n) => new Float64Array(n).length");
  assert.is(fn(3), 3);
  for (const n of [-1, 1e12]) assertSame(fn, () => [n]);
});

bounds("a source that does not fit into set", () => {
  const fn = compiledFor("(x, y) => { x.set(y); }");
  assertSame(fn, () => [new Float64Array(2), new Float64Array(3)]);
});

bounds("an array that was detached has no elements", () => {
  const fn = compiledFor("(x) => x.length === 0 ? -1 : x[0]");
  const read = compiledFor("(x) => x[0]");
  const x = Float64Array.of(5);
  assert.is(fn(x), 5);
  assert.is(read(x), 5);
  structuredClone(x.buffer, { transfer: [x.buffer] });
  assert.is(fn(x), -1);
  assertThrows(() => read(x), {
    code: "ERR_OUT_OF_RANGE",
    message: "index 0 is outside of an array of 0 elements",
  });
});

bounds("an array that grows has its elements of now", () => {
  const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => Resizing;
  const buffer = new Resizable(16, { maxByteLength: 64 });
  const x = new Float64Array(buffer);
  const fn = compiledFor("(x) => { let s = 0; for (let i = 0; i < x.length; i++) s += x[i] + 1; return s; }");
  assert.is(fn(x), 2);
  buffer.resize(40);
  assert.is(fn(x), 5);
  buffer.resize(8);
  assert.is(fn(x), 1);
});

bounds("what is tested before a loop does not grow with each definition that is made of others", () => {
  const powers = Array.from(
    { length: 8 },
    (_, k) => `const i${k + 2} = i${k + 1} * i1; s += x[i${k + 2} + 1000];`,
  );
  const fn = compiledFor(
    `(x) => { let s = 0; for (let i1 = -2; i1 < 3; i1++) { ${powers.join(" ")} } return s; }`,
  );
  assertSame(fn, () => [new Float64Array(2000).fill(0.5)]);
  assert.ok(fn.inspectC().length < 500_000);
});

bounds("memory that is shared between threads", () => {
  const x = new Int32Array(new SharedArrayBuffer(16));
  const fn = compiledFor("(x) => { x[2] = 7; }");
  fn(x);
  assertArray(x.slice(), Int32Array.of(0, 0, 7, 0));
});

bounds.run();
