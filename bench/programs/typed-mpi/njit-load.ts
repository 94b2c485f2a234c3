/** njit-load CALLS FOLDER: the library of a function that is translated already, in a new process, from disk. */
import { argv } from "node:process";
import { compiling } from "../compiling.js";
import { axpy } from "../kernels.js";
import { told } from "./njit-told.js";

compiling(argv[3] as string)(axpy)(2, new Float64Array(8), new Float64Array(8));
console.log(JSON.stringify({ name: "njit-load", ns: told("axpy: library loaded") }));
