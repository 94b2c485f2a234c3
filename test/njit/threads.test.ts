import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { njit, prange } from "../../src/njit/index.js";
import { assertArray, assertThrows } from "../harness/assert.js";
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

test("sums and products where the new part comes first", () => {
  const work = (x: Float64Array) => {
    let sum = 0;
    let product = 1;
    for (const i of prange(x.length)) {
      sum = (x[i] as number) + sum;
      product = (i < 10 ? 2 : 1) * product;
    }
    return [sum, product];
  };
  assert.equal(njit(work, options)(ramp(1000)), work(ramp(1000)));
});

test("sums within expressions that only decide whether there is something to add", () => {
  const work = (x: Float64Array) => {
    let sum = 0;
    let some = 0;
    let none = 0;
    for (const i of prange(x.length)) {
      i && sum++;
      x[i] ? some++ : none++;
      for (let k = 0; k < 3; k++, sum++) some += k;
    }
    return [sum, some, none];
  };
  const x = ramp(1000).map((each) => each % 3);
  assert.equal(njit(work, options)(x), work(x));
});

test("extremes are those of all threads, with JavaScript's meaning of NaN and -0", () => {
  const work = (x: Float64Array, first: number) => {
    let most = first;
    let least = first;
    for (const i of prange(x.length)) {
      most = Math.max(most, x[i] as number);
      if (i >= 0) least = Math.min(x[i] as number, least, first);
    }
    return [most, least];
  };
  const compiled = njit(work, options);
  const [n, zeros] = [Number.NaN, new Float64Array(100)];
  const cases: [Float64Array, number][] = [
    [ramp(1000), 0.5],
    [ramp(1000).map((each) => -each), 0.5],
    [ramp(10), 20.5],
    [Float64Array.of(1, 2, 3, n), 0.5],
    [Float64Array.of(n, 2, 3, 4), 0.5],
    [ramp(4), n],
    [zeros.with(3, -0), 0],
    [zeros.with(3, -0), -0],
    [zeros.fill(-0).with(70, 0), -0],
    [Float64Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY), 0.5],
    [new Float64Array(3).fill(Number.NEGATIVE_INFINITY), Number.NEGATIVE_INFINITY],
    [new Float64Array(3).fill(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY],
    [new Float64Array(0), 0.5],
  ];
  for (const [x, first] of cases) assertArray(compiled(x, first), work(x, first));
});

test("extremes of integers and of floats", () => {
  const work = (x: Int32Array, y: Float32Array) => {
    let most = -2147483648;
    let least = 7;
    let float = y[0] as number;
    for (const i of prange(x.length)) {
      most = Math.max(most, x[i] as number);
      least = Math.min(x[i] as number, least);
      float = Math.max(y[i] as number, float);
    }
    return [most, least, float];
  };
  const compiled = njit(work, options);
  for (const x of [Int32Array.of(3, 9, -4, 5), new Int32Array(4).fill(-(2 ** 31))]) {
    const y = Float32Array.from(x, (each) => each / 3);
    assert.equal(compiled(x, y), work(x, y));
  }
  assert.match(compiled.inspectTypes(), /most: int.*\n.*least: int/);
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

const DRAW = fileURLToPath(new URL("threads-program.js", import.meta.url));

test("threads are as many as the environment says: its own variable before that of OpenMP", () => {
  const draw = (variables: Record<string, string>, ...args: string[]): string => {
    const { TYPED_MPI_NUM_THREADS, OMP_NUM_THREADS, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [DRAW, ...args], {
      env: {
        ...env,
        NODE_V8_COVERAGE: undefined,
        TYPED_MPI_CACHE_DIR: params.cache.cacheDir,
        ...variables,
      },
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.is(status, 0, stderr);
    return stdout;
  };
  const [two, three] = [draw({}, "2"), draw({}, "3")];
  assert.is.not(two, three);
  assert.is(draw({ OMP_NUM_THREADS: "3" }), three);
  assert.is(draw({ TYPED_MPI_NUM_THREADS: "3" }), three);
  assert.is(draw({ TYPED_MPI_NUM_THREADS: "3", OMP_NUM_THREADS: "2" }), three);
  assert.is(draw({ TYPED_MPI_NUM_THREADS: "", OMP_NUM_THREADS: "2" }), two);
  assert.is(draw({ TYPED_MPI_NUM_THREADS: "3", OMP_NUM_THREADS: "3" }, "2"), two);
});

test("a number of threads that cannot be, in the environment", () => {
  const before = process.env["TYPED_MPI_NUM_THREADS"];
  process.env["TYPED_MPI_NUM_THREADS"] = "many";
  try {
    assertThrows(() => njit((x: number) => x, { params }), {
      code: "ERR_OUT_OF_RANGE",
      message: /TYPED_MPI_NUM_THREADS.*many/,
    });
  } finally {
    if (before === undefined) delete process.env["TYPED_MPI_NUM_THREADS"];
    else process.env["TYPED_MPI_NUM_THREADS"] = before;
  }
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

test("jumps within a round, and to the next one", () => {
  const work = (x: Float64Array) => {
    next: for (const i of prange(x.length)) {
      // biome-ignore lint/suspicious/noConfusingLabels: that is what is tested
      block: {
        if (i % 3 === 0) break block;
        for (let k = 0; ; k++) {
          if (k > i) break;
          if (i % 5 === 4) continue next;
          if (k % 2 === 0) continue;
          x[i] = (x[i] as number) + k;
        }
      }
      switch (i % 4) {
        case 0:
          break;
        case 1:
          continue;
        default:
          x[i] = (x[i] as number) + 100;
      }
      x[i] = (x[i] as number) + 1000;
    }
  };
  const [x, expected] = [ramp(200), ramp(200)];
  njit(work, options)(x);
  work(expected);
  assert.equal(x, expected);
});

test.run();
