/** idle MS: the share of a core that a pending awaited receive takes, in as many milliseconds from 100 ms after its begin. */
import { cpuUsage } from "node:process";
import { setTimeout } from "node:timers/promises";
import { mpi } from "typed-mpi";
import { argument } from "../measure.js";

const received = new Float64Array(1);
const request = mpi.COMM_SELF.irecv(received, 0);
const awaited = request.then(() => undefined);
await setTimeout(100);
const [before, start] = [cpuUsage(), performance.now()];
await setTimeout(argument(0));
const { user, system } = cpuUsage(before);
const times = (user + system) / 1000 / (performance.now() - start);
mpi.COMM_SELF.send(Float64Array.of(1), 0);
await awaited;
if (received[0] !== 1) throw new Error("the work was not done");
console.log(JSON.stringify({ name: "idle", times }));
