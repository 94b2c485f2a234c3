import { test } from "uvu";
import * as assert from "uvu/assert";
import { njit, prange } from "../../src/njit/index.js";
import "./cache.js";
import { assertSame, type Tested } from "./compare.js";

/* New arrays of a loop's rounds. That none of them is used after its end, the sanitizers see. */

const same = (fn: Tested, ...args: unknown[]): unknown => assertSame(njit(fn), () => structuredClone(args));

/** Bytes: more than the tests may take, less than all arrays of all rounds. */
const MUCH = 400e6;

function assertFrugal(work: () => void): void {
  const before = process.resourceUsage().maxRSS;
  work();
  const grown = (process.resourceUsage().maxRSS - before) * 1024;
  assert.ok(grown < MUCH, `${grown} bytes`);
}

test("the arrays of a round end with it", () => {
  const sums = (rounds: number, length: number): number => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) {
      const made = new Float64Array(length);
      const part = made.subarray(1);
      if (i % 3 === 0) continue;
      part[0] = i;
      sum += made[1] as number;
    }
    return sum;
  };
  assertFrugal(() => assert.is(njit(sums)(40_000, 2000), sums(40_000, 2)));
});

test("those of nested loops, of while, of do and of labels as well", () => {
  const nested = (rounds: number, length: number): number => {
    let sum = 0;
    let i = 0;
    outer: while (i < rounds) {
      i++;
      const whole = new Int32Array(length);
      for (let j = 0; j < 3; j++) {
        const part = new Float64Array(length);
        part[j] = whole.length + i;
        if (j === 2 && i % 2 === 0) continue outer;
        if (i === rounds - 1) break outer;
        sum += part[j] as number;
      }
      do {
        const last = new Uint8Array(length);
        last[0] = 3;
        sum += last[0];
      } while (sum < 0);
    }
    return sum;
  };
  assertFrugal(() => assert.is(njit(nested)(20_000, 1000), nested(20_000, 1000)));
});

test("those of the threads of a prange as well", () => {
  const sums = (rounds: number, length: number): number => {
    let sum = 0;
    for (const i of prange(rounds)) {
      const made = new Float64Array(length);
      made[2] = i;
      sum += made[2];
    }
    return sum;
  };
  assertFrugal(() => assert.is(njit(sums, { parallel: 2 })(40_000, 2000), sums(40_000, 3)));
});

test("what a later round sees is still there", () => {
  same((rounds: number): number => {
    let before = new Float64Array(3);
    let sum = 0;
    for (let i = 0; i < rounds; i++) {
      const now = new Float64Array(3);
      now[0] = (before[0] as number) + i;
      sum += before[0] as number;
      before = now;
    }
    return sum;
  }, 50);
  same((rounds: number): number => {
    let kept = new Float64Array(2).subarray(1);
    for (let i = 0; i < rounds; i++) {
      const now = new Float64Array(4);
      now[2] = i + (kept[0] as number);
      if (i % 2 === 0) kept = now.subarray(2, 3);
    }
    return kept[0] as number;
  }, 9);
  same((rounds: number): number => {
    let last = new Float64Array(1);
    let i = 0;
    do {
      last = new Float64Array(1);
      last[0] = i++;
    } while ((last[0] as number) < rounds);
    return last[0] as number;
  }, 9);
});

test("an error in a round, and a return out of one, free what there is", () => {
  const fails = (x: Float64Array): number => {
    for (let i = 0; i < 10; i++) {
      const made = new Float64Array(10_000);
      made[0] = x[i] as number;
      if (made[0] === 7) return i;
    }
    return -1;
  };
  assertFrugal(() => {
    const compiled = njit(fails);
    for (let i = 0; i < 4000; i++) assert.throws(() => compiled(Float64Array.of(1, 2)), /index 2/);
    for (let i = 0; i < 4000; i++) assert.is(compiled(Float64Array.of(1, 7)), 1);
  });
});

test.run();
