/**
 * njit-prange CALLS BATCHES KERNEL FOLDER: a loop on all cores, and on one; prints how many times as long the latter takes, and
 * the time of the former.
 */
import { argv, hrtime } from "node:process";
import { median } from "simple-statistics";
import { prange } from "typed-mpi/njit";
import { compiling } from "../compiling.js";
import { argument } from "../measure.js";

function pi(n: number): number {
  const h = 1 / n;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const x = h * (i + 0.5);
    sum += 4 / (1 + x * x);
  }
  return h * sum;
}

function parallelPi(n: number): number {
  const h = 1 / n;
  let sum = 0;
  for (const i of prange(n)) {
    const x = h * (i + 0.5);
    sum += 4 / (1 + x * x);
  }
  return h * sum;
}

function matmul(n: number, a: Float64Array, b: Float64Array, c: Float64Array): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += (a[i * n + k] as number) * (b[k * n + j] as number);
      c[i * n + j] = sum;
    }
  }
}

function parallelMatmul(n: number, a: Float64Array, b: Float64Array, c: Float64Array): void {
  for (const i of prange(n)) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += (a[i * n + k] as number) * (b[k * n + j] as number);
      c[i * n + j] = sum;
    }
  }
}

const compile = compiling(argv[5] as string);
const MATRIX = 200;
const [a, b] = [new Float64Array(MATRIX ** 2).fill(1), new Float64Array(MATRIX ** 2).fill(2)];
const [c, d] = [a.slice(), a.slice()];

interface Pair {
  readonly alone: () => void;
  readonly parallel: () => void;
  /** What each of them came to. */
  readonly results: () => readonly [alone: number, parallel: number];
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/** Each with one thread and with all of them. */
const KERNELS: Record<string, () => Pair> = {
  pi: () => {
    const [alone, parallel] = [compile(pi), compile(parallelPi)];
    const [n, sums] = [2_000_000, new Float64Array(2)];
    return {
      alone: () => {
        sums[0] = alone(n);
      },
      parallel: () => {
        sums[1] = parallel(n);
      },
      results: () => [sums[0] as number, sums[1] as number],
    };
  },
  matmul: () => {
    const [alone, parallel] = [compile(matmul), compile(parallelMatmul)];
    return {
      alone: () => alone(MATRIX, a, b, c),
      parallel: () => parallel(MATRIX, a, b, d),
      results: () => [total(c), total(d)],
    };
  },
};

const calls = argument(0);
const time = (work: () => void): number => {
  const start = hrtime.bigint();
  for (let i = 0; i < calls; i++) work();
  return Number(hrtime.bigint() - start) / calls;
};

const { alone, parallel, results } = (KERNELS[argv[4] as string] as (typeof KERNELS)[string])();
for (let i = 0; i < 2; i++) [alone, parallel].map(time);
const [expected, result] = results();
if (Math.abs(expected - result) > 1e-9) throw new Error(`${result} instead of ${expected}`);
const batches = Array.from({ length: argument(1) }, () => [time(alone), time(parallel)] as const);
console.log(JSON.stringify({ name: "speedup", times: median(batches.map(([one, all]) => one / all)) }));
console.log(JSON.stringify({ name: "prange", ns: median(batches.map(([, all]) => all)), result }));
