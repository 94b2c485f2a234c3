/** njit-kernels BATCHES KERNEL:CALLS,... FOLDER: numeric kernels, compiled. */
import { argv } from "node:process";
import { compiling } from "../compiling.js";
import { kernels } from "../kernels.js";
import { argument, list, measureKernel } from "../measure.js";

const compile = compiling(argv[4] as string);
for (const [name = "", calls] of list(argv[3])) {
  measureKernel(name, Number(calls), argument(0), kernels[name]?.(compile));
}
