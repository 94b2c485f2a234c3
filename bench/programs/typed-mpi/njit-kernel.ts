/** njit-kernel CALLS BATCHES KERNEL FOLDER: a numeric kernel, compiled. */
import { argv } from "node:process";
import { kernels } from "../kernels.js";
import { argument, measureKernel } from "../measure.js";
import { compiling } from "./njit-common.js";

const [name, folder] = argv.slice(4) as [string, string];
measureKernel(name, argument(0), argument(1), kernels[name]?.(compiling(folder)));
