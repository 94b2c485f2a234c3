/**
 * lost-ranks-program FOLDER BUILDON FORM CXX DEADLINE: builds a library together and calls it. Each rank leaves its
 * process id in FOLDER/pid.RANK, and prints its rank and what the library's function returned, or the code of the error.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv, pid } from "node:process";
import { mpi } from "../../src/index.js";
import { type BuildOn, jitOnComm, jitOnCommAsync } from "../../src/jit/index.js";

const [folder, buildon, form, cxx, deadline] = argv.slice(2) as [string, BuildOn, string, string, string];
const comm = mpi.COMM_WORLD;
writeFileSync(join(folder, `pid.${comm.rank}`), String(pid));
// On one disk there are waiters, on many there are receivers.
const cacheDir = join(folder, buildon === "node" ? "disk" : `disk${comm.rank}`);
const call = form === "jitOnComm" ? jitOnComm : jitOnCommAsync;
try {
  const { library, role } = await call(
    comm,
    12,
    "lost_ranks",
    { cache: { cacheDir }, build: { cxx } },
    (value) => ({ source: `extern "C" int f() { return ${value}; }\n` }),
    { buildon, deadline: Number(deadline) },
  );
  console.log(`rank ${comm.rank}: ${role}, ${library.func("int f()")()}`);
} catch (error) {
  console.log(`rank ${comm.rank}: ${(error as { code?: string }).code}`);
  mpi.abort(3);
}
