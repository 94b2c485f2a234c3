/**
 * One process of a job that `typed-mpi run` starts. The first argument says what it does; it tells its rank
 * first.
 */
import { setTimeout } from "node:timers/promises";
import { mpi } from "../../src/index.js";

const [, , task, ...args] = process.argv;

console.log(`rank ${mpi.rank()} of ${mpi.size()}, ${mpi.library().path}, ${JSON.stringify(args)}`);

switch (task) {
  case "exit":
    mpi.barrier();
    if (mpi.rank() === 0) process.exit(Number(args[0]));
    break;
  case "die":
    mpi.barrier();
    if (mpi.rank() === 0) process.kill(process.pid, "SIGKILL");
    break;
  case "stdin":
    if (mpi.rank() === 0) for await (const chunk of process.stdin) console.log(`stdin: ${chunk}`);
    break;
  case "environment":
    console.log(`environment: ${JSON.stringify(process.env)}`);
    break;
  case "sleep":
    await setTimeout(40_000);
    break;
  case "stubborn":
    // Signals are no reason for it to end.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
    console.log("ready");
    await setTimeout(40_000);
    break;
  case "busy":
    // As in a blocking call: JavaScript gets no chance to see a signal.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 40_000);
    break;
}
