import { test } from "uvu";
import * as assert from "uvu/assert";
import { type NdView, nd, njit } from "../../src/njit/index.js";
import { assertArray } from "../harness/assert.js";
import { newFolder } from "../jit/caches.js";

/*
 * Arrays that share memory. Compiled functions have a version for those that do not, in which the C compiler may take what
 * was read before for what is there still: it must not run for others. The kernels are those that it does that to.
 */

const params = { cache: { cacheDir: newFolder() } };

/** Longer than what is unrolled and vectorized, and no multiple of it. */
const N = 1003;

/** How far apart two arrays in the same memory begin: less than a vector, as long as one, more. */
const SHIFTS = [0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 64, N - 1];

const memory = (length: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => ((i * 37) % 101) / 64 - 0.5);

type Kernel = (y: Float64Array, x: Float64Array, a: number) => unknown;

const KERNELS: Readonly<Record<string, Kernel>> = {
  axpy: (y, x, a) => {
    for (let i = 0; i < y.length; i++) y[i] = a * (x[i] as number) + (y[i] as number);
  },
  "a copy": (y, x, _a) => {
    for (let i = 0; i < y.length; i++) y[i] = x[i] as number;
  },
  "a stencil": (y, x, a) => {
    for (let i = 1; i < y.length - 1; i++) {
      y[i] = a * ((x[i - 1] as number) - 2 * (x[i] as number) + (x[i + 1] as number));
    }
  },
  // The same element of x in each round, which may be kept in a register only if no y is it.
  "an element that stays": (y, x, a) => {
    for (let i = 0; i < y.length; i++) y[i] = (y[i] as number) * a + (x[500] as number);
  },
  "a sum that is stored": (y, x, _a) => {
    for (let i = 0; i < x.length; i++) y[3] = (y[3] as number) + (x[i] as number);
  },
  downwards: (y, x, a) => {
    for (let i = y.length - 1; i >= 0; i--) y[i] = a * (x[i] as number);
  },
};

for (const [name, kernel] of Object.entries(KERNELS)) {
  const compiled = njit(kernel, { params });
  test(`${name}, of parts of the same memory`, () => {
    for (const shift of SHIFTS) {
      for (const isBehind of [false, true]) {
        const run = (fn: Kernel): Float64Array => {
          const all = memory(2 * N);
          const [x, y] = [all.subarray(0, N), all.subarray(shift, shift + N)];
          fn(isBehind ? x : y, isBehind ? y : x, 0.5);
          return all;
        };
        assertArray(run(compiled), run(kernel));
      }
    }
    const [x, y, expected] = [memory(N), memory(N).reverse(), memory(N).reverse()];
    compiled(y, x, 0.5);
    kernel(expected, x, 0.5);
    assertArray(y, expected);
  });
}

type Product = (c: Float64Array, a: Float64Array, b: Float64Array, n: number) => void;

const matmul: Product = (c, a, b, n) => {
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const each = a[i * n + k] as number;
      for (let j = 0; j < n; j++) {
        c[i * n + j] = (c[i * n + j] as number) + each * (b[k * n + j] as number);
      }
    }
  }
};

test("a product of matrices that lie on each other", () => {
  const n = 37;
  const compiled = njit(matmul, { params });
  for (const [c, a, b] of [
    [0, n * n, 2 * n * n],
    [0, 2 * n * n, 0],
    [0, 0, n * n],
    [1, 2 * n * n, 0],
    [3, 2 * n * n, 0],
    [n, 2 * n * n, 0],
    [0, 2 * n * n, 2],
    [0, 1, 2 * n * n],
    [5, 0, 3],
  ] as const) {
    const run = (fn: Product): Float64Array => {
      const all = memory(4 * n * n);
      const at = (begin: number): Float64Array => all.subarray(begin, begin + n * n);
      fn(at(c), at(a), at(b), n);
      return all;
    };
    assertArray(run(compiled), run(matmul));
  }
});

test("views, and parts of them, that lie on each other", () => {
  const kernel = (to: NdView<Float64Array>, from: NdView<Float64Array>) => {
    for (let i = 0; i < (to.shape[0] as number); i++) {
      for (let j = 0; j < (to.shape[1] as number); j++) to.set(i, j, 0.5 * from.get(i, j) + to.get(i, j));
    }
  };
  const compiled = njit(kernel, { params });
  for (const [rows, columns] of [
    [0, 0],
    [0, 1],
    [0, 3],
    [1, 0],
    [1, 2],
  ] as const) {
    for (const isTurned of [false, true]) {
      const run = (fn: typeof kernel): Float64Array => {
        const whole = nd(memory(30 * 40), [30, 40]);
        const [x, y] = [
          whole.subarray([0, 20], [0, 30]),
          whole.subarray([rows, rows + 20], [columns, columns + 30]),
        ];
        if (isTurned) fn(x, y);
        else fn(y, x);
        return whole.data;
      };
      assertArray(run(compiled), run(kernel));
    }
    const shifted = (fn: typeof kernel): Float64Array => {
      const all = memory(2000);
      fn(nd(all.subarray(columns), [30, 40]), nd(all, [30, 40]));
      return all;
    };
    assertArray(shifted(compiled), shifted(kernel));
  }
});

test("an argument and what is captured", () => {
  const all = memory(2 * N);
  const captured = all.subarray(0, N);
  const kernel = (y: Float64Array, a: number) => {
    for (let i = 0; i < y.length; i++) y[i] = a * (captured[i] as number) + (y[i] as number);
  };
  const compiled = njit(kernel, { params });
  for (const shift of SHIFTS) {
    const run = (fn: typeof kernel): Float64Array => {
      all.set(memory(2 * N));
      fn(all.subarray(shift, shift + N), 0.5);
      return all.slice();
    };
    assertArray(run(compiled), run(kernel));
  }
});

test("of functions with arrays there is such a version", () => {
  const compiled = njit(KERNELS["axpy"] as Kernel, { params });
  compiled(memory(N), memory(N), 1);
  assert.match(compiled.inspectC(), /apart_\w+\(slot \*c, double \*restrict/);
});

test.run();
