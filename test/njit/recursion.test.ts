import { test } from "uvu";
import * as assert from "uvu/assert";
import { njit, prange } from "../../src/njit/index.js";
import "./cache.js";
import { assertSame, type Tested } from "./compare.js";

const same = (fn: Tested, ...args: unknown[]): unknown => assertSame(njit(fn), () => structuredClone(args));

const isTooDeep = (error: unknown): boolean =>
  error instanceof RangeError && error.message === "Maximum call stack size exceeded";

function descend(n: number): number {
  return n === 0 ? 0 : Math.sqrt(descend(n - 1) + n);
}

const even = (n: number): boolean => (n === 0 ? true : odd(n - 1));
const odd = (n: number): boolean => (n === 0 ? false : even(n - 1));

/** How many neighbours of the same kind there are, with what a call needs in an array of its own. */
function flood(image: Uint8Array, width: number, x: number, y: number): number {
  if (x < 0 || y < 0 || x >= width || y * width >= image.length || image[y * width + x] !== 1) return 0;
  image[y * width + x] = 2;
  const steps = new Int32Array(4);
  steps[0] = flood(image, width, x + 1, y);
  steps[1] = flood(image, width, x - 1, y);
  steps[2] = flood(image, width, x, y + 1);
  steps[3] = flood(image, width, x, y - 1);
  let sum = 1;
  for (let i = 0; i < 4; i++) sum += steps[i] as number;
  return sum;
}

test("functions that call themselves, alone and by way of others", () => {
  same(descend, 1000);
  same(even, 1001);
  assert.is(same(flood, new Uint8Array(900).fill(1), 30, 3, 4), 900);
});

test("too deep is the error of JavaScript, and the next call is as ever", () => {
  const deep = njit(descend);
  assert.throws(() => deep(1e7), isTooDeep);
  assert.is(deep(500), descend(500));
  const mutual = njit(even);
  assert.throws(() => mutual(1e7), isTooDeep);
  assert.is(mutual(500), true);
  const image = new Uint8Array(1e6).fill(1);
  assert.throws(() => njit(flood)(image, 1000, 0, 0), isTooDeep);
});

test("on another thread as well, where there is less of a stack", async () => {
  const deep = njit(descend);
  assert.is(await deep.async(1000), descend(1000));
  for (let i = 0; i < 3; i++) {
    const error = await deep.async(1e7).then(
      () => undefined,
      (reason) => reason,
    );
    assert.ok(isTooDeep(error), String(error));
  }
  const image = new Uint8Array(2500).fill(1);
  assert.is(await njit(flood).async(image, 50, 10, 10), 2500);
});

test("and on the threads of a prange", () => {
  const deepest = (depths: Float64Array, out: Float64Array): void => {
    for (const i of prange(depths.length)) out[i] = descend(depths[i] as number);
  };
  const compiled = njit(deepest, { parallel: 4 });
  const out = new Float64Array(4);
  compiled(Float64Array.of(10, 100, 1000, 1000), out);
  assert.equal([...out], [10, 100, 1000, 1000].map(descend));
  for (let i = 0; i < 4; i++) {
    const depths = new Float64Array(4).fill(10);
    depths[i] = 1e7;
    assert.throws(() => compiled(depths, out), isTooDeep);
  }
});

test.run();
