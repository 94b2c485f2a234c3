/** njit-kernel CALLS BATCHES KERNEL: a numeric kernel as V8 runs it. */
import { argv } from "node:process";
import { kernels } from "../kernels.js";
import { argument, measureKernel } from "../measure.js";

const name = argv[4] as string;
measureKernel(
  name,
  argument(0),
  argument(1),
  kernels[name]?.((fn) => fn),
);
