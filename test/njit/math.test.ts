import { test } from "uvu";
import * as assert from "uvu/assert";
import { njit } from "../../src/njit/index.js";
import { newFolder } from "../jit/caches.js";
import { Random } from "./fuzz/random.js";
import { wildNumber } from "./fuzz/values.js";

/* The functions of Math at the edges: those that IEEE 754 defines to the last bit, the others within two units there. */

const params = { cache: { cacheDir: newFolder() } };

const EXACT = [
  "abs",
  "ceil",
  "floor",
  "fround",
  "round",
  "sign",
  "sqrt",
  "trunc",
  "clz32",
  "imul",
  "max",
  "min",
];
const CLOSE = [
  ...[
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "cbrt",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "log",
    "log10",
  ],
  ...["log1p", "log2", "sin", "sinh", "tan", "tanh", "atan2", "hypot", "pow"],
];
const OF_TWO = ["imul", "max", "min", "atan2", "hypot", "pow"];
const ULPS = 2;

/** Stores what each function gives. */
function storing(names: readonly string[]): (x: number, y: number, results: Float64Array) => void {
  const lines = names.map(
    (name, i) => `results[${i}] = Math.${name}(${OF_TWO.includes(name) ? "x, y" : "x"});`,
  );
  return new Function("x", "y", "results", lines.join("\n")) as ReturnType<typeof storing>;
}

/** Calls `check` with what each function gives in JavaScript and compiled, for many arguments. */
function compare(
  names: readonly string[],
  check: (expected: number, actual: number, what: string) => void,
): void {
  const fn = storing(names);
  const compiled = njit(fn, { params });
  const random = new Random(1);
  for (let i = 0; i < 3000; i++) {
    const [x, y] = [wildNumber(random), wildNumber(random)];
    const [expected, actual] = [new Float64Array(names.length), new Float64Array(names.length)];
    fn(x, y, expected);
    compiled(x, y, actual);
    for (const [k, name] of names.entries()) {
      check(expected[k] as number, actual[k] as number, `Math.${name} of ${x} and ${y}`);
    }
  }
}

test("what is defined to the last bit is the same", () => {
  compare(EXACT, (expected, actual, what) => {
    assert.ok(Object.is(expected, actual), `${what}: expected ${expected}, got ${actual}`);
  });
});

test("the other functions are within two units in the last place", () => {
  compare(CLOSE, (expected, actual, what) => {
    const told = `${what}: expected ${expected}, got ${actual}`;
    if (!Number.isFinite(expected) || expected === 0) assert.ok(Object.is(expected, actual), told);
    else assert.ok(Math.abs(actual - expected) <= ULPS * ulpOf(expected), told);
  });
});

/** From a number to the next. */
function ulpOf(value: number): number {
  const bits = new BigInt64Array(new Float64Array([Math.abs(value)]).buffer);
  const next = new Float64Array(new BigInt64Array([(bits[0] as bigint) + 1n]).buffer)[0] as number;
  return next - Math.abs(value);
}

test.run();
