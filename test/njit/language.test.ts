import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Compiled, njit } from "../../src/njit/index.js";
import { assertSame } from "./compare.js";
import { functionOf } from "./text.js";

// What each part of the language gives, compiled, is what V8 makes of it, to the last bit.

const language = suite("njit: the language");

/** Numbers at which something changes. */
const EDGES: readonly number[] = [
  ...[0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 7, -7, 100.25, Number.NaN],
  ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 32 + 5, 2 ** 53, -(2 ** 53) - 2, 1e300, -1e-310],
  ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];
const FEW: readonly number[] = [0, -0, 1, -3, 2.5, 2 ** 31, -(2 ** 53), Number.NaN, Number.NEGATIVE_INFINITY];

const ones = EDGES.map((x) => () => [x]);
const pairs = FEW.flatMap((x) => EDGES.map((y) => () => [x, y]));
const counts = [0, 1, 2, 5, 10].map((n) => () => [n]);

type Arguments = readonly (() => unknown[])[];

/** One test for a function, which is called with each list of arguments. */
function same(name: string, text: string, calls: Arguments): void {
  language(name, () => {
    const fn = njit(functionOf(text));
    for (const make of calls) assertSame(fn, make);
  });
}

/** One test of several expressions; all are results of one function. */
const expressions = (name: string, parameters: string, list: readonly string[], calls: Arguments): void =>
  same(name, `(${parameters}) => [${list.join(", ")}]`, calls);

expressions("arithmetic", "x, y", ["x + y", "x - y", "x * y", "x / y", "x % y", "-x", "+x"], pairs);
expressions(
  "bit operators",
  "x, y",
  ["x & y", "x | y", "x ^ y", "~x", "x << y", "x >> y", "x >>> y", "x | 0", "x >>> 0", "(x / y) | 0"],
  pairs,
);
expressions(
  "comparisons",
  "x, y",
  ["x < y", "x <= y", "x > y", "x >= y", "x === y", "x !== y", "x == y", "x != y"],
  pairs,
);
expressions(
  "logical operators and the conditional",
  "x, y",
  [
    "x && y",
    "x || y",
    "!x",
    "x < y && y < 3",
    "x ? y : -y",
    "!(x > y) || x === 1",
    "x > 0 ? 1 : x < 0 ? -1 : 0",
  ],
  pairs,
);
expressions(
  "whole powers",
  "x, y",
  ["Math.sqrt(x * x)", "x ** 2 - x * x", "Number.isNaN(x ** y)"],
  FEW.map((x) => () => [x, 2]),
);
expressions(
  "integers and doubles, mixed",
  "x, y",
  ["(x | 0) + y", "(x | 0) * (y | 0)", "(x >>> 0) % 7", "(x | 0) / 3"],
  pairs,
);
expressions(
  "integers at the end of what is exact",
  "x, y",
  [
    "((x & 7) + 9007199254740991) & 255",
    "((2 & 7) + 9007199254740991) & 255",
    "(-(2 & 7) - 9007199254740991) & 255",
    "((3 & 7) * 3002399751580331) & 255",
    "(9007199254740992 + (1 & 1)) % 10",
    "(9007199254740991 + (y & 1)) % 10",
    "((x & 3) * 4503599627370496 + (y & 3)) | 0",
  ],
  pairs,
);
expressions(
  "rounded quotients of integers",
  "x, y",
  ["floor", "ceil", "trunc", "round"].flatMap((round) => [
    `Math.${round}((x | 0) / 7)`,
    `1 / Math.${round}((x | 0) / 7)`,
    `Math.${round}((x | 0) / ((y & 7) + 1))`,
    `Math.${round}((x & 1023) / -3)`,
  ]),
  pairs,
);
same(
  "loops to a quotient, from whole numbers and from others",
  `(n, z) => {
    let s = 0;
    for (let i = 0; i < n / 2; i++) s += i + 1;
    for (let i = 3; i <= n / 3; i += 2) s -= i;
    for (let i = -2; n / 4 >= i; i++) s = s * 3 + i;
    for (let i = 9; i > n / 4; i--) s += 7 * i;
    for (let i = 9; i >= n / z; i -= 3) s ^= i;
    for (let i = 0.5; i < n / 2; i++) s += i;
    for (let i = 0; i < n / 2; i += 0.75) s += i;
    for (let i = 0; i < n / 2; i++) { s += i; i += 0.25; }
    for (let i = 0, m = n; i < m / 2; i++) { s += m; m -= 1; }
    for (let i = 0; i < n >> 1; i++) s += i;
    return s;
  }`,
  [0, 1, 2, 3, 7, 8, 9, 25, -4, -5, 2.5, -0, 7.999, Number.NaN].flatMap((n) =>
    [2, -2, 0.3].map((z) => () => [n, z]),
  ),
);
expressions(
  "-0 of integers",
  "x, y",
  ["(x | 0) * (y | 0)", "-(x | 0)", "(x | 0) % (y | 0)", "1 / ((x | 0) * (y | 0))"],
  pairs,
);
expressions(
  "functions of Math that are exact",
  "x",
  ["abs", "floor", "ceil", "trunc", "round", "sign", "sqrt", "fround", "clz32"].map(
    (name) => `Math.${name}(x)`,
  ),
  ones,
);
expressions(
  "Math.min and Math.max",
  "x, y",
  ["Math.min(x, y)", "Math.max(x, y)", "Math.max(x, y, 3)", "Math.min(x)"],
  pairs,
);
expressions("Math.imul", "x, y", ["Math.imul(x, y)"], pairs);
expressions(
  "constants of Math and Number",
  "",
  ["Math.PI", "Math.E", "Math.SQRT2", "Number.EPSILON", "Number.MAX_SAFE_INTEGER", "Infinity", "NaN", "-0"],
  [() => []],
);
expressions(
  "Number functions",
  "x",
  [
    "Number.isNaN(x)",
    "Number.isFinite(x)",
    "Number.isInteger(x)",
    "isNaN(x)",
    "isFinite(x)",
    "Number(x > 1)",
  ],
  ones,
);
expressions(
  "rounded to a float",
  "x, y",
  ["Math.fround(Math.fround(x) + Math.fround(y))", "Math.fround(x * y)"],
  pairs,
);

expressions(
  "Number functions of booleans and integers",
  "x, y",
  [
    "isNaN(x > 1)",
    "isFinite(x > 1)",
    "Number.isNaN(x > 1)",
    "Number.isInteger(x | 0)",
    "Number.isFinite(x | 0)",
    "isNaN(x | 0)",
    "Number.isInteger(x / y)",
    "Number.isFinite(x / y) && isNaN(x * y)",
    "1 / Number((x | 0) * (y | 0))",
    "Number(x) + Number(x > y)",
    "BigInt(x > 1)",
    "BigInt(x | 0)",
    "BigInt((x | 0) * (y & 3))",
  ],
  pairs,
);

const APPROXIMATE = [
  ...[
    "sin",
    "cos",
    "tan",
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "cbrt",
    "atan",
    "asin",
    "acos",
  ].map((name) => `Math.${name}(x)`),
  ...["sinh", "cosh", "tanh", "asinh", "acosh", "atanh"].map((name) => `Math.${name}(x)`),
  ...["Math.atan2(x, y)", "Math.hypot(x, y)", "Math.pow(x, y)", "x ** y"],
];
for (const each of APPROXIMATE) {
  language(`${each} may differ in the last bits`, () => {
    const fn = njit(functionOf(`(x, y) => ${each}`));
    for (const [x, y] of [
      ...EDGES.flatMap((edge) => [
        [edge, 0.5],
        [0.3, edge],
      ]),
      [0.999, -0.2],
      [3.7, 2.2],
    ]) {
      const expected = fn.js(x, y) as number;
      const value = fn(x, y) as number;
      const isNear = Math.abs(value - expected) <= 4 * 2 ** -52 * Math.abs(expected);
      if (!isNear && !Object.is(value, expected))
        throw new Error(`of ${x}, ${y}: expected ${expected}, got ${value}`);
    }
  });
}

const BIGS = [0n, 1n, -1n, 7n, -7n, 2n ** 40n, -(2n ** 62n)];
const bigPairs = BIGS.flatMap((x) => BIGS.map((y) => () => [x, y]));
expressions(
  "bigints of 64 bits",
  "x, y",
  ["x + y", "x - y", "x & y", "x | y", "x ^ y", "-x", "~x", "x < y", "x === y", "x > y ? x : y", "x + 3n"],
  bigPairs,
);
expressions(
  "quotients of bigints",
  "x, y",
  ["x / y", "x % y"],
  BIGS.flatMap((x) => [3n, -4n, 1n].map((y) => () => [x, y])),
);
expressions(
  "bigints and numbers, converted",
  "x, y",
  [
    "Number(x)",
    "Number(x) / 3",
    "BigInt.asIntN(64, x + y)",
    "BigInt.asIntN(64, 3n)",
    "BigInt(x)",
    "BigInt(Number(x) / 4 - Number(y) / 4)",
  ],
  BIGS.flatMap((x) => [4n, -(2n ** 60n)].map((y) => () => [4n * (x % 2n ** 50n), y])),
);
same(
  "a number that is no bigint",
  "(x) => BigInt(x)",
  EDGES.filter((x) => !(Number.isFinite(x) && Math.abs(x) >= 2 ** 63)).map((x) => () => [x]),
);
same("a bigint as an index", "(x, i) => x[Number(i)] + x[Number(i > 0n)]", [
  () => [Float64Array.of(1, 2, 3), 2n],
  () => [Float64Array.of(1, 2, 3), 0n],
]);
same("bigints in a loop", "(n) => { let f = 1n; for (let i = 1n; i <= n; i++) f *= i; return f; }", [
  () => [20n],
  () => [0n],
]);

same(
  "for, break and continue",
  `(n) => {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    if (i === 3) continue;
    if (i > 7) break;
    sum += i;
  }
  return sum;
}`,
  counts,
);
same(
  "for downward, by steps, without parts",
  `(n) => {
  let sum = 0;
  for (let i = n - 1; i >= 0; i--) sum = 2 * sum + i;
  for (let i = 0; i < n; i += 3) sum -= i;
  let k = 0;
  for (;;) { if (k++ >= n) break; }
  for (let x = 0.5; x < n; x += 0.25) sum += x;
  return [sum, k];
}`,
  counts,
);
same(
  "while and do",
  `(n) => {
  let a = n, steps = 0;
  while (a > 1) { a = a % 2 === 0 ? a / 2 : 3 * a + 1; steps++; }
  do { steps += 10; } while (steps < n);
  return steps;
}`,
  [...counts, () => [27], () => [1000]],
);
same(
  "nested loops and labels",
  `(n) => {
  let found = 0;
  outer: for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (i * j === 6) { found = 10 * i + j; break outer; }
      if (j > i) continue outer;
    }
  }
  done: { if (found === 0) break done; found = -found; }
  return found;
}`,
  counts,
);
same("if and else", "(x) => { if (x > 0) return 1; else if (x < 0) return -1; return x; }", ones);
same(
  "switch",
  `(n) => {
  let r = 0;
  switch (n) {
    case 0: r = 1; break;
    case 1:
    case 2: r += 10;
    case 5: r += 100; break;
    default: r = -1;
  }
  return r;
}`,
  counts,
);
same(
  "switch of booleans and of bigints",
  `(n) => {
  let r = 0;
  switch (n > 3) { case true: r = 1; break; case false: r = 2; }
  switch (BigInt(n)) { case 0n: r += 10; break; case 5n: r += 20; }
  switch (true) { case n < 1: r += 100; break; case n < 3: r += 200; }
  return r;
}`,
  counts,
);
same(
  "cases that declare names",
  `(n) => {
  switch (n) {
    case 0: const a = 1; return a;
    case 1: { const a = 2; n += a; }
    case 2: let b; b = n; return b * 3;
    default: var c = 7;
  }
  return c;
}`,
  counts,
);
same("a var that is a parameter has its value", "function f(n) { var n; return n; }", counts);
same(
  "a var that is a parameter and is given another",
  "function f(n) { if (n > 1) { var n = n * 2; } return n; }",
  counts,
);
same(
  "a var is of the whole function",
  `(n) => {
  x = n + 1;
  { var x; }
  for (var i = 0; i < n; i++) { var y = i; x += y; }
  do { var z = x; if (z > 5) break; x++; } while (x < 20);
  for (;;) { var w = z; if (w > 3) break; z++; }
  while (true) { if (n > 4) { var u = 1; break; } else { u = 2; break; } }
  switch (n) { case 0: var v = 1; break; case 1: v = 2; default: v = 3; }
  return [x, i, z, w, u, v];
}`,
  counts,
);
same(
  "names of blocks hide those of outer ones from their beginning",
  `(n) => {
  let a = n;
  { let a = 1; n += a; }
  for (let a = 0; a < 2; a++) { const b = a; n += b; }
  const b = a;
  return [a, b, n];
}`,
  counts,
);
same(
  "loops that only a jump leaves",
  `(n) => {
  let i = 0;
  for (; 1; ) { if (i++ > n) break; }
  while (1) { if (i++ > 20) return i; }
}`,
  counts,
);
same(
  "logical assignment",
  `(x, y) => {
  let a = x, b = x, c = x > 1, d = x > 1;
  const e = (a ||= y);
  const f = (b &&= y + 1);
  c ||= y > 0;
  d &&= y > 0;
  return [a, b, c, d, e, f];
}`,
  pairs,
);
same(
  "let, const and var; blocks hide names",
  `(n) => {
  const a = n;
  let b;
  b = a + 1;
  { const a = 5; b += a; }
  for (var i = 0; i < a; i++) b += i;
  return [a, b, i];
}`,
  counts,
);
same(
  "compound assignment and steps",
  `(x, y) => {
  let a = x;
  a += y; a -= 2; a *= 3; a /= 7; a %= 5;
  let b = x | 0;
  b &= 255; b |= 1024; b ^= y; b <<= 2; b >>= 1; b >>>= 1;
  let c = x;
  const old = c++;
  const now = --c;
  return [a, b, c, old, now];
}`,
  pairs,
);
same(
  "assignments are expressions, evaluated from left to right",
  `(n) => {
  let a = 0, b = 0;
  const c = (a = n) + (b = a + 1) * a++;
  const d = (a += 2, b -= 1, a * b);
  return [a, b, c, d];
}`,
  counts,
);
same(
  "two values change places",
  "(n) => { let a = n, b = 1; for (let i = 0; i < 5; i++) [a, b] = [b, a + b]; return [a, b]; }",
  counts,
);
same("several results, as an array", "(x) => [x, x + 1, x > 2]", ones);
same("several results, as an object", "(x) => ({ half: x / 2, isBig: x > 100, whole: Math.floor(x) })", ones);
same("no result", "(x) => { let y = x; y++; }", [() => [1]]);
same("function expressions and arrows with bodies", "function twice(x) { return 2 * x; }", ones);
same(
  "a function that calls itself",
  "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }",
  counts,
);
same(
  "throw",
  `(n) => {
  if (n > 5) throw new RangeError("too many");
  if (n === 0) throw new Error("none");
  return n;
}`,
  counts,
);
same("throw without a message", "(n) => { if (n > 5) throw new TypeError(); return n; }", counts);
same("booleans are arguments and results", "(a, b) => [a && b, a || b, !a, a === b, a ? 1 : 2]", [
  () => [true, false],
  () => [true, true],
  () => [false, false],
]);

const KINDS = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[Float32Array, Float64Array],
];
for (const Kind of KINDS) {
  same(
    `${Kind.name}: what is stored, and what is read`,
    `(x, v) => {
    const n = x.length;
    for (let i = 0; i < n; i++) x[i] = v;
    x[1] += 1.5; x[2] -= v; x[3] *= 2; x[4]++; --x[5];
    const old = x[6]++;
    x[7] = x[0] / 3;
    const given = (x[8] = v);
    let sum = 0;
    for (let i = 0; i < n; i++) sum += x[i];
    return [sum, old, given, x[1] * x[2]];
  }`,
    EDGES.map((v) => () => [new Kind(10), v]),
  );
}
same(
  "BigInt64Array",
  `(x, v) => {
  for (let i = 0; i < x.length; i++) x[i] = v;
  x[0] += 5n; x[1]++; x[2] = x[0] * x[1];
  return x[0] - x[2];
}`,
  BIGS.slice(0, 5).map((v) => () => [new BigInt64Array(4), v]),
);
same(
  "an array under two names",
  `(x, y) => {
  for (let i = 1; i < x.length; i++) x[i] = x[i - 1] + y[i];
}`,
  [
    () => [Float64Array.of(1, 2, 3, 4), Float64Array.of(5, 6, 7, 8)],
    () => {
      const x = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
      return [x, x];
    },
    () => {
      const x = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
      return [x.subarray(1), x.subarray(0, 7)];
    },
  ],
);
same(
  "indexes that are computed",
  `(x, at, n) => {
  let sum = 0;
  for (let i = 0; i < n; i++) { x[at[i]] += i; sum += x[(i * 7) % n] + x[n - 1 - i] + x[(i / 2) | 0] + x[i >> 1]; }
  return sum;
}`,
  [() => [new Float64Array(8).fill(1), Int32Array.of(3, 1, 4, 1, 5, 2, 6, 0), 8]],
);
same(
  "new arrays",
  `(n) => {
  const a = new Float64Array(n);
  const b = new Int32Array(n).fill(3);
  let sum = 0;
  for (let i = 0; i < n; i++) { a[i] = i / 2; sum += a[i] * b[i]; }
  return [sum, a.length];
}`,
  counts,
);
same(
  "subarray",
  `(x, from, to) => {
  const y = x.subarray(from, to);
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += y[i];
  const z = x.subarray(1).subarray(-2);
  if (y.length > 0) y[0] = 100;
  return [sum, y.length, z.length];
}`,
  [
    [0, 3],
    [2, 2],
    [-3, -1],
    [3, 100],
    [5, 1],
    [-100, 2],
  ].map((part) => () => [Float64Array.of(1, 2, 3, 4, 5, 6), ...part]),
);
same(
  "fill and set",
  `(x, y) => {
  x.fill(7);
  x.fill(2, 1, 3);
  x.subarray(2).set(y);
  x.subarray(0, 1).set(y.subarray(0, 1));
}`,
  [() => [new Float64Array(6), Float64Array.of(10, 11)], () => [new Int16Array(6), Int16Array.of(10, 11)]],
);

// The version for arrays that share nothing must not be the one that runs.
for (const [first, second] of [
  [0, 0],
  [0, 1],
  [1, 0],
  [0, 8],
] as const) {
  const text = "(x, y) => { for (let i = 0; i < x.length; i++) y[i] = x[i] + 1; return x[0]; }";
  language(`arrays of one memory, ${second - first} apart`, () => {
    const run = (fn: (x: Float64Array, y: Float64Array) => number): unknown[] => {
      const memory = Float64Array.from({ length: 200 }, (_, i) => i);
      const [x, y] = [memory.subarray(first, first + 99), memory.subarray(second, second + 99)];
      return [fn(x, y), ...memory];
    };
    const fn = njit(functionOf(text)) as Compiled<(x: Float64Array, y: Float64Array) => number>;
    assert.equal(run(fn), run(fn.js));
  });
}

language("Math.random is in [0, 1), and another number each time", () => {
  const fn = njit(() => [Math.random(), Math.random(), Math.random()]);
  const drawn = new Set([...fn(), ...fn(), ...fn(), ...njit(() => [Math.random(), 0.5, 0.5])().slice(0, 1)]);
  if (drawn.size !== 10) throw new Error(`drawn: ${[...drawn]}`);
  for (const x of drawn) if (!(x >= 0 && x < 1)) throw new Error(`drawn: ${x}`);
});

language.run();
