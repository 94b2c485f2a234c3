/** The numeric kernels as plain JavaScript: what njit compiles is what V8 runs. */
import { alignedArray } from "typed-mpi/njit";

/** What makes a function the one that is measured: `njit`, or nothing. */
export type Compile = <Fn extends (...args: never[]) => unknown>(fn: Fn) => Fn;

export interface Kernel {
  readonly run: () => unknown;
  /** What it came to, after the first run. */
  readonly result: () => number;
}

/** Makes its arrays. */
export type MakeKernel = () => Kernel;

function pi(n: number): number {
  const h = 1 / n;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const x = h * (i + 0.5);
    sum += 4 / (1 + x * x);
  }
  return h * sum;
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) * (y[i] as number);
  return sum;
}

export function axpy(a: number, x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) y[i] = a * (x[i] as number) + (y[i] as number);
}

function axpyF32(a: number, x: Float32Array, y: Float32Array): void {
  const factor = Math.fround(a);
  for (let i = 0; i < x.length; i++) y[i] = Math.fround(factor * (x[i] as number)) + (y[i] as number);
}

function matmulIjk(n: number, a: Float64Array, b: Float64Array, c: Float64Array): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += (a[i * n + k] as number) * (b[k * n + j] as number);
      c[i * n + j] = sum;
    }
  }
}

function matmulIkj(n: number, a: Float64Array, b: Float64Array, c: Float64Array): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) c[i * n + j] = 0;
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k] as number;
      for (let j = 0; j < n; j++) {
        c[i * n + j] = (c[i * n + j] as number) + factor * (b[k * n + j] as number);
      }
    }
  }
}

function heat1d(steps: number, u: Float64Array, v: Float64Array): void {
  const n = u.length;
  for (let t = 0; t < steps; t++) {
    for (let i = 1; i < n - 1; i++) {
      v[i] = (u[i] as number) + 0.1 * ((u[i - 1] as number) - 2 * (u[i] as number) + (u[i + 1] as number));
    }
    for (let i = 1; i < n - 1; i++) u[i] = v[i] as number;
  }
}

export function heat2d(steps: number, nx: number, ny: number, u: Float64Array, v: Float64Array): void {
  for (let t = 0; t < steps; t++) {
    for (let i = 1; i < nx - 1; i++) {
      for (let j = 1; j < ny - 1; j++) {
        const at = i * ny + j;
        v[at] =
          (u[at] as number) +
          0.1 *
            ((u[at - ny] as number) +
              (u[at + ny] as number) +
              (u[at - 1] as number) +
              (u[at + 1] as number) -
              4 * (u[at] as number));
      }
    }
    for (let i = 1; i < nx - 1; i++) {
      for (let j = 1; j < ny - 1; j++) u[i * ny + j] = v[i * ny + j] as number;
    }
  }
}

function mandelbrot(n: number, most: number): number {
  let count = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const cx = (3 * j) / n - 2;
      const cy = (2.5 * i) / n - 1.25;
      let x = 0;
      let y = 0;
      for (let k = 0; k < most; k++) {
        const next = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = next;
        if (x * x + y * y > 4) break;
        count++;
      }
    }
  }
  return count;
}

function sieve(flags: Uint8Array): number {
  const n = flags.length;
  for (let i = 0; i < n; i++) flags[i] = 1;
  for (let i = 2; i * i < n; i++) {
    if (flags[i] !== 0) {
      for (let j = i * i; j < n; j += i) flags[j] = 0;
    }
  }
  let count = 0;
  for (let i = 2; i < n; i++) count += flags[i] as number;
  return count;
}

const total = (values: Iterable<number>): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
};

/** Numbers between 0 and 1 that every language makes alike. */
const element = (i: number): number => ((i * 7919) % 1000) / 1000;
/** Aligned, as those of the C program are. */
const doubles = (n: number): Float64Array => filled(alignedArray(Float64Array, n));
const floats = (n: number): Float32Array => filled(alignedArray(Float32Array, n));
/** Written to, so that it has its pages. */
const zeros = <Data extends Float64Array | Uint8Array>(array: Data): Data => {
  array.fill(0);
  return array;
};

function filled<Data extends Float64Array | Float32Array>(array: Data): Data {
  for (let i = 0; i < array.length; i++) array[i] = element(i);
  return array;
}

/** A kernel that returns its result. */
function returning(run: () => number): Kernel {
  let first: number | undefined;
  return {
    run: () => {
      const value = run();
      first ??= value;
    },
    result: () => first as number,
  };
}

/** A vector of each fits the second level of the cache. */
const LENGTH = 16_384;
const MATRIX = 200;
const GRID = 256;

function matmul(compiled: typeof matmulIjk): Kernel {
  const [a, b, c] = [
    doubles(MATRIX ** 2),
    doubles(MATRIX ** 2),
    zeros(alignedArray(Float64Array, MATRIX ** 2)),
  ];
  return { run: () => compiled(MATRIX, a, b, c), result: () => total(c) };
}

/** By name: compiles it. */
export const kernels: Readonly<Record<string, (compile: Compile) => MakeKernel>> = {
  pi: (compile) => {
    const fn = compile(pi);
    return () => returning(() => fn(1_000_000));
  },
  dot: (compile) => {
    const fn = compile(dot);
    return () => {
      const [x, y] = [doubles(LENGTH), doubles(LENGTH)];
      return returning(() => fn(x, y));
    };
  },
  axpy: (compile) => {
    const fn = compile(axpy);
    return () => {
      const [x, y] = [doubles(LENGTH), doubles(LENGTH)];
      return { run: () => fn(0.5, x, y), result: () => total(y) };
    };
  },
  "axpy-f32": (compile) => {
    const fn = compile(axpyF32);
    return () => {
      const [x, y] = [floats(LENGTH), floats(LENGTH)];
      return { run: () => fn(0.5, x, y), result: () => total(y) };
    };
  },
  "matmul-ijk": (compile) => {
    const fn = compile(matmulIjk);
    return () => matmul(fn);
  },
  "matmul-ikj": (compile) => {
    const fn = compile(matmulIkj);
    return () => matmul(fn);
  },
  "heat-1d": (compile) => {
    const fn = compile(heat1d);
    return () => {
      const [u, v] = [doubles(1000), doubles(1000)];
      return { run: () => fn(1000, u, v), result: () => total(u) };
    };
  },
  "heat-2d": (compile) => {
    const fn = compile(heat2d);
    return () => {
      const [u, v] = [doubles(GRID ** 2), doubles(GRID ** 2)];
      return { run: () => fn(20, GRID, GRID, u, v), result: () => total(u) };
    };
  },
  mandelbrot: (compile) => {
    const fn = compile(mandelbrot);
    return () => returning(() => fn(200, 200));
  },
  sieve: (compile) => {
    const fn = compile(sieve);
    return () => {
      const flags = zeros(alignedArray(Uint8Array, 1_000_000));
      return returning(() => fn(flags));
    };
  },
};
