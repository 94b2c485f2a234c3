/** jit-cold CALLS FOLDER: builds as many libraries; prints the median time of one. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { argv, hrtime } from "node:process";
import { jit } from "typed-mpi/jit";
import { argument, print } from "../measure.js";
import { generate, params } from "./jit-common.js";

const folder = join(argv[3] as string, "typed-mpi-cold");
const ns = new Float64Array(argument(0) + 1);
for (let i = 0; i < ns.length; i++) {
  const start = hrtime.bigint();
  const { library } = jit(i, `cold_${i}`, params(folder), { generate });
  ns[i] = Number(hrtime.bigint() - start);
  if (library.func("int answer()")() !== i) throw new Error(`a wrong library for ${i}`);
}
rmSync(folder, { recursive: true });
// The first finds the compiler's files not yet in memory.
print("jit-cold", ns.slice(1), true);
