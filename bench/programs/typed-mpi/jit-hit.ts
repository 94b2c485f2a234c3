/** jit-hit CALLS FOLDER: one library, from the cache if it is there; prints how long that took. */
import { join } from "node:path";
import { argv, hrtime } from "node:process";
import { jit } from "typed-mpi/jit";
import { generate, params } from "./jit-common.js";

const folder = join(argv[3] as string, "typed-mpi-hit");
const start = hrtime.bigint();
const { library } = jit(42, "hit", params(folder), { generate });
const ns = Number(hrtime.bigint() - start);
if (library.func("int answer()")() !== 42) throw new Error("a wrong library");
console.log(JSON.stringify({ name: "jit-hit", ns }));
