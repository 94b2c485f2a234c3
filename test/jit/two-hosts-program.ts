/**
 * two-hosts-program CACHE BUILDON CXX: builds a library together and calls it. Rank 0 prints what all ranks report,
 * as JSON.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { argv } from "node:process";
import { mpi } from "../../src/index.js";
import { type BuildOn, type JittedOnComm, jitOnComm } from "../../src/jit/index.js";

/** What one rank saw. */
export interface Report {
  readonly host: string;
  readonly role: JittedOnComm["role"];
  /** What the library's function returned for the rank. */
  readonly value: number;
  /** The checksums of the libraries on its disk. */
  readonly libraries: readonly string[];
}

const [cacheDir, buildon, cxx] = argv.slice(2) as [string, BuildOn, string];
const comm = mpi.COMM_WORLD;
const { library, role } = jitOnComm(
  comm,
  100,
  "two_hosts",
  { cache: { cacheDir }, build: { cxx } },
  (offset) => ({ source: `extern "C" int shifted(int rank) { return rank + ${offset}; }\n` }),
  { buildon },
);
const value = library.func("int shifted(int rank)")(comm.rank) as number;
comm.barrier();
const folder = join(cacheDir, "lib");
const libraries = readdirSync(folder).map((file) =>
  createHash("sha256")
    .update(readFileSync(join(folder, file)))
    .digest("hex"),
);
const reports = comm.gatherObject({ host: hostname(), role, value, libraries } satisfies Report);
if (comm.rank === 0) console.log(JSON.stringify(reports));
// MPICH 4.0 with UCX 1.13, between hosts over TCP: MPI_Finalize hangs now and then if it begins as soon as the last
// message is there.
await new Promise((resolve) => setTimeout(resolve, 500));
