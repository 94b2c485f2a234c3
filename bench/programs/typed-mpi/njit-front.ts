/**
 * njit-front CALLS FOLDER: a function's translation into C, the first in a process, by the published package; prints
 * how long it took, from the function's text.
 */
import { argv, hrtime } from "node:process";
import { compiling } from "../compiling.js";
import { heat2d } from "../kernels.js";
import { told } from "./njit-told.js";

const start = hrtime.bigint();
const fn = compiling(argv[3] as string)(heat2d);
const parsing = Number(hrtime.bigint() - start);
fn(1, 8, 8, new Float64Array(64), new Float64Array(64));
console.log(JSON.stringify({ name: "njit-front", ns: parsing + told("heat2d: translated into C") }));
