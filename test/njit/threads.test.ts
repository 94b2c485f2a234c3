import { test } from "uvu";
import * as assert from "uvu/assert";
import { njit, prange } from "../../src/njit/index.js";
import { assertThrows } from "../harness/assert.js";
import { newFolder } from "../jit/caches.js";

const params = { cache: { cacheDir: newFolder() } };
const options = { params, parallel: 2 };
const ramp = (length: number): Float64Array => Float64Array.from({ length }, (_, i) => i);

const POLICY = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"];

test("waiting threads sleep, unless the environment says what they do", () => {
  const work = (x: Float64Array) => {
    for (const i of prange(x.length)) x[i] = i;
  };
  for (const name of POLICY) delete process.env[name];
  process.env["GOMP_SPINCOUNT"] = "0";
  njit(work, options)(ramp(3));
  assert.is(process.env["OMP_WAIT_POLICY"], undefined);
  delete process.env["GOMP_SPINCOUNT"];
  njit(work, options)(ramp(3));
  assert.is(process.env["OMP_WAIT_POLICY"], "passive");
  assert.is(process.env["GOMP_SPINCOUNT"], "1000");
});

test("each round is done once, and sums and products are those of all threads", () => {
  const work = (x: Float64Array, y: Float64Array) => {
    let sum = 0;
    let count = 0;
    let product = 1;
    for (const i of prange(x.length)) {
      const square = (x[i] as number) * (x[i] as number);
      y[i] = square + 1;
      sum += square;
      count++;
      if (i < 10) product *= 2;
    }
    return [sum, count, product];
  };
  const x = ramp(10_001);
  const [y, expected] = [new Float64Array(10_001), new Float64Array(10_001)];
  // Sums of integers have no last bits to differ in.
  assert.equal(njit(work, options)(x, y), work(x, expected));
  assert.equal(y, expected);
});

test("sums of threads that run at the same time", () => {
  const work = (n: number) => {
    let sum = 0;
    let product = 1;
    for (const i of prange(n)) {
      sum += i % 7;
      if (i % 1_000_000 === 0) product *= 2;
    }
    return [sum, product];
  };
  // Milliseconds: of less, one thread does its part before the other is awake.
  assert.equal(njit(work, options)(20_000_000), work(20_000_000));
});

test("begin and end, no rounds at all, and one within another", () => {
  const work = (x: Float64Array, from: number, to: number) => {
    for (const i of prange(from, to)) {
      for (const j of prange(3)) x[i] = (x[i] as number) + j + 1;
    }
  };
  const compiled = njit(work, options);
  for (const [from, to] of [
    [2, 5],
    [3, 3],
    [5, 2],
  ] as const) {
    const [x, expected] = [ramp(7), ramp(7)];
    compiled(x, from, to);
    work(expected, from, to);
    assert.equal(x, expected);
  }
});

test("threads are as many as asked for", () => {
  const work = (x: Float64Array) => {
    for (const i of prange(x.length)) x[i] = Math.random();
  };
  for (const parallel of [1, 4]) {
    const compiled = njit(work, { params, parallel });
    const x = new Float64Array(1000);
    compiled(x);
    // Each thread has a sequence of its own, and none of them repeats.
    assert.is(new Set(x).size, 1000);
    assert.ok(x.every((each) => each >= 0 && each < 1));
  }
  assertThrows(() => njit(work, { parallel: 0 }), { code: "ERR_OUT_OF_RANGE", message: /from 1 to 1024/ });
});

test("functions with the same code keep their own number of threads and what they capture", () => {
  const add = (x: Float64Array) => njit((i: number) => (x[i] as number) + 1, { params });
  const [first, second] = [add(Float64Array.of(10, 20)), add(Float64Array.of(30, 40))];
  assert.equal([first(0), second(0), first(1), second(1)], [11, 31, 21, 41]);
});

test("new arrays of each thread are its own", () => {
  const inner = (n: number): number => {
    const x = new Float64Array(n);
    for (let k = 0; k < n; k++) x[k] = (x[k] as number) + n;
    let sum = 0;
    for (let k = 0; k < n; k++) sum += x[k] as number;
    return sum;
  };
  const work = (y: Float64Array) => {
    for (const i of prange(y.length)) y[i] = inner((i % 7) + 1);
  };
  const [y, expected] = [new Float64Array(5000), new Float64Array(5000)];
  njit(work, options)(y);
  work(expected);
  assert.equal(y, expected);
});

test("a failure in a thread is that of the call", () => {
  const work = (x: Float64Array, n: number) => {
    for (const i of prange(n)) x[i] = 1;
  };
  const compiled = njit(work, options);
  const error = assertThrows(() => compiled(new Float64Array(10), 12), { code: "ERR_OUT_OF_RANGE" });
  assert.match(error.message, /index 1[01] is outside of an array of 10 elements/);
  const x = new Float64Array(12);
  compiled(x, 12);
  assert.ok(x.every((each) => each === 1));
});

const RACES: Record<string, [(x: Float64Array, n: number) => unknown, RegExp]> = {
  "a variable that threads overwrite": [
    (x, n) => {
      let last = 0;
      for (const i of prange(n)) last = x[i] as number;
      return last;
    },
    /last is shared by the threads/,
  ],
  "a sum that is read": [
    (x, n) => {
      let sum = 0;
      for (const i of prange(n)) {
        sum += x[i] as number;
        x[i] = sum;
      }
      return sum;
    },
    /sum is shared by the threads/,
  ],
  "an element that all write": [
    (x, n) => {
      for (const i of prange(n)) x[0] = i;
    },
    /each thread of prange would write the same element/,
  ],
  break: [
    (x, n) => {
      for (const i of prange(n)) {
        if ((x[i] as number) > 1) break;
      }
    },
    /left by break/,
  ],
  return: [
    (x, n) => {
      for (const i of prange(n)) {
        if ((x[i] as number) > 1) return 1;
      }
      return 2;
    },
    /left by return/,
  ],
};
for (const [what, [fn, message]] of Object.entries(RACES)) {
  test(`refused, where it stands: ${what}`, () => {
    const error = assertThrows(() => njit(fn, options)(ramp(3), 3), {
      code: "ERR_NJIT_UNSUPPORTED",
      message,
    });
    assert.match(error.message, /threads\.test\.js:\d+:\d+\n.*\n *\^/);
  });
}

test.run();
