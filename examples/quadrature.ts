// mpirun -n 4 node build/examples/quadrature.js
//
// The integral of a function that is known at run time only: it becomes C++, which is built once for each disk,
// called on every rank, and the parts are summed. Started again, it is found in the cache.

import { mpi } from "typed-mpi";
import { type Generated, jitOnComm } from "typed-mpi/jit";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;

/** Of x, in C++. Its integral from 0 to 1 is pi. */
const integrand = process.argv[2] ?? "4 / (1 + x * x)";
const INTERVALS = 10_000_000;

/** The midpoint rule. */
const generate = (): Generated => ({
  source: `
#include <cmath>
#include <cstdint>
static inline double f(double x) { return ${integrand}; }
extern "C" double integrate(double from, double to, int64_t intervals) {
  const double h = (to - from) / intervals;
  double sum = 0;
  for (int64_t i = 0; i < intervals; i++) sum += f(from + (i + 0.5) * h);
  return sum * h;
}
`,
});

const { library, role } = jitOnComm(comm, integrand, `midpoint rule of ${integrand}`, {}, generate);
const integrate = library.func("double integrate(double from, double to, int64_t intervals)");
const part = integrate(rank / size, (rank + 1) / size, BigInt(Math.ceil(INTERVALS / size)));
const integral = comm.allreduce(part);

const DONE = { hit: "found it", builder: "built it", receiver: "received it", waiter: "waited" };
const roles = comm.gatherObject(DONE[role], 0);
if (rank === 0) {
  for (const [each, done] of roles?.entries() ?? []) console.log(`rank ${each} ${done}`);
  console.log(`the integral of ${integrand} from 0 to 1 is ${integral}`);
  if (process.argv[2] === undefined && Math.abs(integral - Math.PI) > 1e-9) {
    console.error(`but it should be ${Math.PI}`);
    process.exitCode = 1;
  }
}
