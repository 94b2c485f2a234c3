import { test } from "uvu";
import * as assert from "uvu/assert";
import { njit, prange } from "../../src/njit/index.js";
import { assertThrows } from "../harness/assert.js";
import { newFolder } from "../jit/caches.js";

// Math.random in compiled functions.

const params = { cache: { cacheDir: newFolder() } };

const draw = (x: Float64Array): void => {
  for (let i = 0; i < x.length; i++) x[i] = Math.random();
};

/** So many numbers, drawn at once. */
const drawn = (options: { seed?: number }, count = 4): number[] => {
  const x = new Float64Array(count);
  njit(draw, { params, ...options })(x);
  return [...x];
};

test("the same seed gives the same numbers, another one others, none others each time", () => {
  assert.equal(drawn({ seed: 7 }), drawn({ seed: 7 }));
  const all = [7, 8, 0, 2 ** 53 - 1, undefined, undefined].flatMap((seed) =>
    drawn(seed === undefined ? {} : { seed }),
  );
  assert.is(new Set(all).size, all.length);
});

test("calls go on where the one before ended, whatever their arguments", () => {
  const one = (_of: number | bigint): number => Math.random();
  const work = njit(one as (of: unknown) => number, { params, seed: 3 });
  const other = njit(draw, { params, seed: 4 });
  const found = [work(1), work(1n), work(2), work(2n)];
  const between = njit(one as (of: unknown) => number, { params, seed: 3 });
  const x = new Float64Array(1);
  const again = [1, 1n, 2, 2n].map((of) => {
    other(x);
    return between(of);
  });
  assert.equal(again, found);
  assert.equal(drawn({ seed: 3 }), found);
});

test("calls aside have numbers of their own, the same in each run", async () => {
  const aside = async (): Promise<number[]> => {
    const work = njit(draw, { params, seed: 5 });
    const arrays = [0, 1, 2].map(() => new Float64Array(3));
    await Promise.all(arrays.map((x) => work.async(x)));
    return arrays.flatMap((x) => [...x]);
  };
  const found = await aside();
  assert.is(new Set(found).size, 9);
  assert.equal(await aside(), found);
});

test("threads have numbers of their own, the same for as many threads", () => {
  const work = (x: Float64Array, y: Float64Array): void => {
    for (const i of prange(x.length)) x[i] = Math.random();
    for (const i of prange(y.length)) y[i] = Math.random();
  };
  const found = [0, 1].map(() => {
    const [x, y] = [new Float64Array(100), new Float64Array(100)];
    const compiled = njit(work, { params, seed: 6, parallel: 4 });
    compiled(x, y);
    return [...x, ...y];
  });
  assert.equal(found[0], found[1]);
  assert.is(new Set(found[0]).size, 200);
});

test("mean, variance, correlation and distribution are those of uniform numbers", () => {
  const n = 200_000;
  for (const seed of [1, 2, 3]) {
    const x = drawn({ seed }, n);
    const mean = x.reduce((sum, each) => sum + each, 0) / n;
    // Five standard deviations of each.
    assert.ok(Math.abs(mean - 0.5) < 5 / Math.sqrt(12 * n), `mean ${mean}`);
    const variance = x.reduce((sum, each) => sum + (each - mean) ** 2, 0) / n;
    assert.ok(Math.abs(variance - 1 / 12) < 5 / Math.sqrt(180 * n), `variance ${variance}`);
    const next = x.slice(1).reduce((sum, each, i) => sum + (each - 0.5) * ((x[i] as number) - 0.5), 0) / n;
    assert.ok(Math.abs(next) < 5 / (12 * Math.sqrt(n)), `covariance of neighbours ${next}`);
    const bins = new Float64Array(64);
    for (const each of x) bins[Math.floor(each * 64)] = (bins[Math.floor(each * 64)] as number) + 1;
    const squares = bins.reduce((sum, count) => sum + (count - n / 64) ** 2 / (n / 64), 0);
    assert.ok(squares > 20 && squares < 130, `chi squared of 63 degrees of freedom: ${squares}`);
  }
});

test("what is no seed", () => {
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) {
    assertThrows(() => njit(draw, { seed }), { code: "ERR_OUT_OF_RANGE" });
  }
  assertThrows(() => njit(draw, { seed: "7" as never }), { code: "ERR_INVALID_ARG_TYPE" });
});

test.run();
