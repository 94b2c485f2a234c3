/* threads-program [THREADS]: prints random numbers, of which each thread has its own; as many threads as the environment says. */
import { njit, prange } from "../../src/njit/index.js";

const [threads] = process.argv.slice(2);
const draw = njit(
  (x: Float64Array) => {
    for (const i of prange(x.length)) x[i] = Math.random();
  },
  { seed: 1, ...(threads === undefined ? {} : { parallel: Number(threads) }) },
);
const x = new Float64Array(12);
draw(x);
console.log(x.join());
