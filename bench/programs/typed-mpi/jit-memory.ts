/** jit-memory CALLS BATCHES FOLDER: a library that is loaded already; prints the median time of a call of jit. */
import { join } from "node:path";
import { argv } from "node:process";
import { jit } from "typed-mpi/jit";
import { argument, measure } from "../measure.js";
import { answer, generate, params } from "./jit-common.js";

const folder = join(argv[4] as string, "typed-mpi-memory");
answer(42, "memory", folder);
const given = params(folder);
measure("jit-memory", argument(0), argument(1), 1, true, (calls) => {
  for (let i = 0; i < calls; i++) jit(42, "memory", given, { generate });
});
