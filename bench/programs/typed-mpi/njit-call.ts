/** njit-call CALLS BATCHES FOLDER: a call with three arrays that does next to nothing. */
import { argv } from "node:process";
import { compiling } from "../compiling.js";
import { argument, measure } from "../measure.js";

const fn = compiling(argv[4] as string)((a: Float64Array, b: Float64Array, c: Float64Array): void => {
  a[0] = (b[0] as number) + (c[0] as number);
});
const [a, b, c] = [new Float64Array(8), new Float64Array(8).fill(1), new Float64Array(8).fill(2)];

measure("njit-call", argument(0), argument(1), 1, true, (calls) => {
  for (let i = 0; i < calls; i++) fn(a, b, c);
});
if (a[0] !== 3) throw new Error("the work was not done");
