import { suite } from "uvu";
import * as assert from "uvu/assert";
import { njit } from "../../src/njit/index.js";
import { assertSame, type Tested } from "./compare.js";
import { functionOf } from "./text.js";

// Loops that count by steps of which only the run tells how long they are.

const stride = suite("njit: strides");

/** The rounds of a loop, what is done in them, and where the counter is in the end; `s` is made an integer from 1 on. */
const textOf = (test: string, direction: "+" | "-", body: string): string =>
  `(x, from, bound, s) => {
    const step = 1 + (s & 15);
    let [sum, rounds] = [0, 0];
    let i = 0;
    for (i = from | 0; i ${test} bound; i ${direction}= step) { ${body} }
    return [i, rounds, sum];
  }`;

const BODIES = [
  "rounds++; sum += 1 / (i * i + 0.5);",
  "rounds++; if (i % 3 === 1) continue; if (rounds > 4) break; sum += i;",
  "rounds++; if (i >= 0) x[i] = rounds;",
  "if (i >= 0 && i < x.length) { x[i] += i; } rounds += 2; sum -= x.length;",
];
const BOUNDS = [-9, -1, 0, 1, 5, 6, 7, 30, 2.5, Number.NaN];
const STEPS = [0, 1, 2, 6, 15];

for (const [test, direction] of [
  ["<", "+"],
  ["<=", "+"],
  [">", "-"],
  [">=", "-"],
] as const) {
  for (const body of BODIES) {
    stride(`i ${test} bound; i ${direction}= step: ${body}`, () => {
      const fn = njit(functionOf(textOf(test, direction, body)) as Tested, { boundscheck: "js" });
      for (const from of BOUNDS) {
        for (const bound of BOUNDS)
          for (const step of STEPS) assertSame(fn, () => [new Float64Array(12), from, bound, step]);
      }
    });
  }
}

stride("the bound and the step may change in the loop", () => {
  const fn = njit((n: number, s: number) => {
    let step = 1 + (s & 7);
    let bound = n | 0;
    let sum = 0;
    for (let i = 0; i < bound; i += step) {
      sum += i;
      if (i === 6) step = 5;
      if (i > 20) bound = 0;
    }
    return sum;
  });
  for (const n of [0, 3, 40]) for (const s of [0, 1, 2, 5]) assertSame(fn as never, () => [n, s]);
});

stride("an index that is outside is told where it is reached", () => {
  const fn = njit((x: Float64Array, n: number, s: number) => {
    const step = 1 + (s & 7);
    for (let i = 1; i < n; i += step) x[i] = i;
    return x[1];
  });
  const x = new Float64Array(8);
  assert.throws(() => fn(x, 20, 2), /index 10 is outside of an array of 8/);
  assert.equal([...x], [0, 1, 0, 0, 4, 0, 0, 7]);
});

stride("the loop of ranks that divide work among them is one that the C compiler can vectorize", () => {
  const fn = njit((n: number, s: number) => {
    const size = 1 + (s & 3);
    let sum = 0;
    for (let i = 0; i < n; i += size) sum += 1 / (1 + i * i);
    return sum;
  });
  assertSame(fn as never, () => [100, 2]);
  assert.match(fn.inspectC(), /for \(int64_t round\d+ = 0; round\d+ < t\d+; round\d+\+\+\)/);
});

stride.run();
