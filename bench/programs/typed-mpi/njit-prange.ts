/** njit-prange CALLS BATCHES KERNEL FOLDER: a loop on all cores, and on one; prints how many times as long the latter takes. */
import { argv, hrtime } from "node:process";
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
  readonly isSame: () => boolean;
}

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
      isSame: () => Math.abs((sums[0] as number) - (sums[1] as number)) < 1e-9,
    };
  },
  matmul: () => {
    const [alone, parallel] = [compile(matmul), compile(parallelMatmul)];
    return {
      alone: () => alone(MATRIX, a, b, c),
      parallel: () => parallel(MATRIX, a, b, d),
      isSame: () => c.every((value, i) => value === d[i]),
    };
  },
};

const time = (work: () => void): number => {
  const start = hrtime.bigint();
  for (let i = 0; i < argument(0); i++) work();
  return Number(hrtime.bigint() - start);
};

const { alone, parallel, isSame } = (KERNELS[argv[4] as string] as (typeof KERNELS)[string])();
for (let i = 0; i < 2; i++) [alone, parallel].map(time);
if (!isSame()) throw new Error("another result");
const times = Float64Array.from({ length: argument(1) }, () => time(alone) / time(parallel)).sort();
console.log(JSON.stringify({ name: "njit-prange", times: times[times.length >> 1] }));
