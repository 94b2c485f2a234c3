import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { mpi } from "typed-mpi";

// What a program does with its requests, by the name of the scenario: started by request-reports.test.ts.

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const self = mpi.COMM_SELF;
const turns = (count: number): Promise<void> =>
  new Promise((resolve) => {
    const next = (left: number): void => void (left === 0 ? resolve() : setTimeout(next, 2, left - 1));
    next(count);
  });

/** Begins a receive that only the library knows of. */
function forgetReceive(tag: number): void {
  self.irecv(new Float64Array(1), 0, tag);
}

/** Collects garbage until the finalisers have run. */
async function collect(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    collectGarbage();
    await turns(3);
  }
}

const SCENARIOS: Readonly<Record<string, () => Promise<void> | void>> = {
  async dropped() {
    forgetReceive(1);
    await collect();
    self.send(new Float64Array(1), 0, 1);
  },
  async "dropped for good"() {
    forgetReceive(1);
    await collect();
  },
  async "waited for"() {
    (() => {
      const receive = self.irecv(new Float64Array(1), 0, 1);
      self.send(new Float64Array(1), 0, 1);
      receive.wait();
    })();
    await collect();
  },
  async awaited() {
    const promise = self.irecv(new Float64Array(1), 0, 1).promise();
    await collect();
    self.send(new Float64Array(1), 0, 1);
    await promise;
    await collect();
  },
  async freed() {
    self.isend({ data: new Float64Array(1), count: 0 }, mpi.PROC_NULL).free();
    await collect();
  },
  unfinished() {
    kept.push(self.irecv(new Float64Array(1), 0, 1));
  },
  async "nothing awaited"() {
    const receive = self.irecv(new Float64Array(1), 0, 1);
    const send = self.isend(new Float64Array(1), 0, 1);
    await Promise.all([receive, send, mpi.COMM_WORLD.ibarrier()]);
  },
  async "given up"() {
    const receive = self.irecv(new Float64Array(1), 0, 1);
    await receive.promise({ signal: AbortSignal.timeout(10) }).catch(() => {});
  },
  async "left by a loop"() {
    const requests = [self.irecv(new Float64Array(1), 0, 1), self.irecv(new Float64Array(1), 0, 2)];
    kept.push(...requests);
    self.send(new Float64Array(1), 0, 2);
    for await (const { index } of mpi.Request.completions(requests)) if (index === 1) break;
  },
  "an error in a block"() {
    using _receive = self.irecv(new Float64Array(1), 0, 1);
    using _persistent = self.recvInit(new Float64Array(1), 0, 2).start();
    throw new Error("out of the block");
  },
  "a rejection that nobody handles"() {
    const send = self.isend(new Float64Array(3), 0, 1);
    kept.push(send);
    void self.irecv(new Float64Array(1), 0, 1).promise();
  },
};

const kept: mpi.Request[] = [];
const scenario = process.argv[2] ?? "";
const begin = performance.now();
await SCENARIOS[scenario]?.();
process.once("exit", () => {
  // The poller must not have kept the process.
  process.stdout.write(`ended after ${Math.round(performance.now() - begin)} ms\n`);
});
