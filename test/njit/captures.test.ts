import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type NjitError, njit } from "../../src/njit/index.js";
import { assertArray, assertThrows } from "../harness/assert.js";
import { assertSame } from "./compare.js";
import { functionOf } from "./text.js";

// Values that a function uses from outside.

const captures = suite("njit: captures");

const FACTOR = 2.5;
const table = Float64Array.of(1, 10, 100);
const settings = { offset: 3, deep: { scale: 7 } };
const square = (x: number): number => x * x;
const cube = njit((x: number) => x * square(x));

captures("constants, of the module and of the function around", () => {
  const local = 11;
  const isOn = true;
  const big = 5n;
  const fn = njit((x: number, y: bigint) => [isOn ? x * FACTOR + local : x, y * big]);
  assert.equal(
    assertSame(fn, () => [4, 3n]),
    [21, 15n],
  );
});

captures("properties of objects", () => {
  const fn = njit((x: number) => x * settings.deep.scale + settings.offset);
  assert.is(
    assertSame(fn, () => [2]),
    17,
  );
});

captures("a constant is what it was at the first call", () => {
  let factor = 2;
  const fn = njit((x: number) => x * factor);
  assert.is(fn(3), 6);
  factor = 100;
  assert.is(fn(3), 6);
});

captures("arrays are shared, in both directions", () => {
  const fn = njit((i: number, x: number) => {
    const old = table[i] as number;
    table[i] = x;
    return old;
  });
  assert.is(fn(1, 20), 10);
  assert.is(table[1], 20);
  table[1] = -5;
  assert.is(fn(1, 10), -5);
  assertArray(table, Float64Array.of(1, 10, 100));
});

captures("two arrays, of different kinds", () => {
  const first = Int32Array.of(1, 2, 3);
  const second = new Float32Array(3);
  const fn = njit(() => {
    for (let i = 0; i < first.length; i++) second[i] = (first[i] as number) / 10;
  });
  fn();
  assertArray(second, Float32Array.of(0.1, 0.2, 0.3));
});

captures("plain functions and those of njit", () => {
  const twice = (x: number): number => 2 * x;
  const fn = njit((x: number) => twice(cube(x)) + square(x + 1));
  assert.is(
    assertSame(fn, () => [3]),
    70,
  );
});

captures("functions that call each other", () => {
  const isEven = (n: number): boolean => (n === 0 ? true : isOdd(n - 1));
  const isOdd = (n: number): boolean => (n === 0 ? false : isEven(n - 1));
  const fn = njit((n: number) => isEven(n));
  assert.is(
    assertSame(fn, () => [10]),
    true,
  );
  assert.is(
    assertSame(fn, () => [7]),
    false,
  );
});

captures("a function for arguments of several kinds, in one other", () => {
  const sum = (x: Float64Array | Int8Array): number => {
    let s = 0;
    for (let i = 0; i < x.length; i++) s += x[i] as number;
    return s;
  };
  const fn = njit((x: Float64Array, y: Int8Array) => sum(x) - sum(y));
  assertSame(fn, () => [Float64Array.of(0.5, 2), Int8Array.of(100, 100, -3)]);
});

captures("several results of a function are taken apart", () => {
  const divide = (a: number, b: number): [number, number] => [Math.floor(a / b), a % b];
  const around = (x: number) => ({ below: x - 1, above: x + 1 });
  const fn = njit((a: number, b: number) => {
    const [quotient, rest] = divide(a, b);
    const { below, above } = around(quotient);
    return [quotient, rest, below, above];
  });
  assert.equal(
    assertSame(fn, () => [17, 5]),
    [3, 2, 2, 4],
  );
});

captures("arrays that are passed on", () => {
  const clear = (x: Float64Array, from: number): void => {
    for (let i = from; i < x.length; i++) x[i] = 0;
  };
  const fn = njit((x: Float64Array) => {
    clear(x, 2);
    clear(x.subarray(0, 1), 0);
  });
  assertSame(fn, () => [Float64Array.of(1, 2, 3, 4)]);
});

captures("options.captures gives names, and comes before what is around", () => {
  const fn = njit(functionOf("(x) => x * FACTOR + shift + helper(x)"), {
    captures: { FACTOR: 10, shift: 0.5, helper: (x: number) => -x },
  });
  assert.is(fn(4), 36.5);
  const local = 1;
  const other = njit((x: number) => x + local, { captures: { local: 1000 } });
  assert.is(other(1), 1001);
  assert.is(other.js(1), 2);
});

captures("a captured constant is part of what is found in the cache", () => {
  const make = (factor: number) => njit((x: number) => x * factor);
  assert.is(make(3)(2), 6);
  assert.is(make(4)(2), 8);
});

captures("what cannot be captured", () => {
  const word = "text";
  const lists = [1, 2, 3];
  const half = new BigUint64Array(1);
  for (const fn of [
    njit(() => word.length),
    njit((i: number) => lists[i] as number),
    njit((i: number) => half[i] as bigint),
  ]) {
    const error = assertThrows(
      () => (fn as (x: number) => unknown)(...([1].slice(0, fn.length) as [number])),
      {
        code: "ERR_NJIT_UNSUPPORTED",
      },
    );
    assert.ok((error as NjitError).location);
  }
});

captures("null", () => {
  const nothing = null as number | null;
  const fn = njit((x: number) => (nothing === null && x !== nothing ? x : 0));
  assert.is(
    assertSame(fn, () => [3]),
    3,
  );
});

captures("a name inside hides the one outside", () => {
  const fn = njit((FACTOR: number) => {
    const square = FACTOR + 1;
    return square * FACTOR;
  });
  assert.is(
    assertSame(fn, () => [3]),
    12,
  );
});

captures("methods and functions of classes", () => {
  const physics = {
    energy(m: number, v: number) {
      return 0.5 * m * square(v);
    },
  };
  const fn = njit(physics.energy);
  assert.is(
    assertSame(fn, () => [2, 3]),
    9,
  );
  assert.is(fn.name, "energy");
});

captures.run();
