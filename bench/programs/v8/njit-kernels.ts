/** njit-kernels BATCHES KERNEL:CALLS,...: numeric kernels as V8 runs them. */
import { argv } from "node:process";
import { kernels } from "../kernels.js";
import { argument, list, measureKernel } from "../measure.js";

for (const [name = "", calls] of list(argv[3])) {
  measureKernel(
    name,
    Number(calls),
    argument(0),
    kernels[name]?.((fn) => fn),
  );
}
