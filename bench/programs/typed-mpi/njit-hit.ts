/** njit-hit CALLS FOLDER: the first call of a function in a new process, its library on disk; prints how long it took. */
import { argv, hrtime } from "node:process";
import { compiling } from "../compiling.js";
import { axpy } from "../kernels.js";

const compile = compiling(argv[3] as string);
const [x, y] = [new Float64Array(8).fill(1), new Float64Array(8).fill(2)];
const start = hrtime.bigint();
compile(axpy)(0.5, x, y);
const ns = Number(hrtime.bigint() - start);
if (y[7] !== 2.5) throw new Error("the work was not done");
console.log(JSON.stringify({ name: "njit-hit", ns }));
