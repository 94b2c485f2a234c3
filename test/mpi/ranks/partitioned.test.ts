import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { hasFunction } from "../../../src/mpi/bindings/bind.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";
import { ring } from "./communicators.js";
import { Draw } from "./forms.js";
import { inHaste, LATE } from "./haste.js";

const world = mpi.COMM_WORLD;
const { rank, size } = world;
const { next, previous } = ring(world);

const skip = !hasFunction("MPI_Psend_init") && "this MPI has no partitioned communication";
const REQUEST = { code: "ERR_MPI_REQUEST", name: "MpiError" };
const FREED = { code: "ERR_MPI_FREED", name: "MpiError" };

/** Lets the library work until something has happened. */
function until(happened: () => boolean): void {
  const end = performance.now() + 10_000;
  while (!happened()) {
    assert.ok(performance.now() < end, "it did not happen in 10 seconds");
    mpi.COMM_SELF.iprobe(0, 9999);
  }
}

test("where the library has none, the error names the version that has", () => {
  if (skip === false) return;
  const unsupported = { code: "ERR_MPI_UNSUPPORTED", message: "MPI 4.0" };
  assertThrows(() => world.psendInit(new Float64Array(4), 2, next), unsupported);
  assertThrows(() => world.precvInit(new Float64Array(4), 2, previous), unsupported);
});

test(
  "parts are sent in any order, again and again",
  async () => {
    const partitions = 6;
    const [send, recv] = [new Int32Array(30), new Int32Array(30)];
    using sending = world.psendInit(send, partitions, next, 1);
    using receiving = world.precvInit(recv, partitions, previous, 1);
    assert.is(sending.partitions, partitions);
    const draw = new Draw(7);
    for (let round = 0; round < 4; round++) {
      send.fill(-1);
      recv.fill(-2);
      mpi.PersistentRequest.startAll([receiving, sending]);
      for (const part of draw.permutation(partitions)) {
        send.fill(1000 * rank + 10 * round + part, part * 5, part * 5 + 5);
        sending.ready(part);
      }
      await Promise.all([sending, receiving]);
      const expected = Int32Array.from(recv, (_, i) => 1000 * previous + 10 * round + Math.floor(i / 5));
      assertArray(recv, expected);
    }
  },
  { skip },
);

test(
  "parts are told of in ranges, and asked for one by one",
  () => {
    const recv = new Float64Array(8);
    using sending = world.psendInit(new Float64Array(8).fill(rank), 4, next, 2);
    using receiving = world.precvInit(recv, 4, previous, 2);
    receiving.start();
    sending.start();
    assert.is(receiving.arrived(3), false);
    sending.ready(0, 1);
    sending.ready(2, 3);
    for (let part = 0; part < 4; part++) until(() => receiving.arrived(part));
    assertArray(recv, new Float64Array(8).fill(previous));
    mpi.waitAll([sending, receiving]);
    assert.is(receiving.arrived(0), true);
  },
  { skip },
);

test(
  "a part is ready once in each start: again is refused, and does no harm",
  async () => {
    const recv = new Float64Array(8);
    using sending = world.psendInit(new Float64Array(8).fill(rank), 4, next, 2);
    using receiving = world.precvInit(recv, 4, previous, 2);
    for (let round = 0; round < 3; round++) {
      recv.fill(-1);
      mpi.PersistentRequest.startAll([receiving, sending]);
      sending.ready(1, 2);
      for (const [first, last] of [[1], [2], [0, 1], [2, 3], [0, 3]] as const) {
        assertThrows(() => sending.ready(first, last), {
          ...REQUEST,
          message: `part ${first || 1} is ready`,
        });
      }
      sending.ready(0);
      assertThrows(() => sending.ready(0), REQUEST);
      sending.ready(3);
      await Promise.all([sending, receiving]);
      assertArray(recv, new Float64Array(8).fill(previous));
    }
  },
  { skip },
);

test(
  "a strided view is divided as it is",
  async () => {
    const matrix = Float64Array.from({ length: 12 }, (_, i) => 100 * rank + i);
    const column = { data: matrix, shape: [4], strides: [3] };
    const recv = new Float64Array(12).fill(-1);
    using sending = world.psendInit(column, 2, next, 3);
    using receiving = world.precvInit({ data: recv, shape: [4], strides: [3] }, 2, previous, 3);
    mpi.PersistentRequest.startAll([receiving, sending]);
    sending.ready(0, 1);
    await Promise.all([sending, receiving]);
    assertArray(
      recv,
      Float64Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? 100 * previous + i : -1)),
    );
  },
  { skip },
);

test(
  "bad arguments",
  () => {
    const buf = new Float64Array(6);
    const range = (argument: string) => ({ argument, code: "ERR_OUT_OF_RANGE" });
    const type = (argument: string) => ({ argument, code: "ERR_INVALID_ARG_TYPE" });
    for (const partitions of [0, -1, 4, 7]) {
      assertThrows(() => world.psendInit(buf, partitions, 0), range("partitions"));
    }
    for (const partitions of [1.5, "2", undefined]) {
      assertThrows(() => world.psendInit(buf, partitions as never, 0), type("partitions"));
    }
    assertThrows(() => world.psendInit(buf, 2, size), range("dest"));
    assertThrows(() => world.precvInit(buf, 2, size), range("source"));
    assertThrows(() => world.precvInit(buf, 2, mpi.ANY_SOURCE), range("source"));
    assertThrows(() => world.precvInit(buf, 2, mpi.PROC_NULL), range("source"));
    assertThrows(() => world.psendInit(buf, 2, mpi.PROC_NULL), range("dest"));
    assertThrows(() => world.precvInit(buf, 2, 0, mpi.ANY_TAG), range("tag"));
    assertThrows(() => world.psendInit([1] as never, 2, 0), type("buf"));
  },
  { skip },
);

test(
  "parts that it has not, and parts at the wrong time",
  () => {
    const sending = world.psendInit(new Float64Array(4), 2, next, 4);
    const receiving = world.precvInit(new Float64Array(4), 2, previous, 4);
    const range = (argument: string) => ({ argument, code: "ERR_OUT_OF_RANGE" });
    assertThrows(() => sending.ready(0), REQUEST);
    assertThrows(() => receiving.arrived(0), REQUEST);
    assertThrows(() => sending.wait(), REQUEST);
    mpi.PersistentRequest.startAll([sending, receiving]);
    for (const bad of [-1, 2, 0.5, "0", undefined]) {
      assertThrows(() => sending.ready(bad as never), range("partition"));
      assertThrows(() => receiving.arrived(bad as never), range("partition"));
    }
    assertThrows(() => sending.ready(0, 2), range("last"));
    assertThrows(() => sending.ready(1, 0), range("last"));
    assertThrows(() => receiving.ready(0), REQUEST);
    assertThrows(() => sending.arrived(0), REQUEST);
    assertThrows(() => sending.start(), REQUEST);
    for (const request of [sending, receiving]) {
      assertThrows(() => request.free(), {
        ...REQUEST,
        message: "is partitioned: it must be completed first",
      });
      assertThrows(() => request.cancel(), { ...REQUEST, message: "is partitioned: it cannot be cancelled" });
    }
    sending.ready(0, 1);
    mpi.waitAll([sending, receiving]);
    assertThrows(() => sending.ready(0), REQUEST);
    sending.free();
    receiving.free();
    assertThrows(() => sending.ready(0), FREED);
    assertThrows(() => receiving.arrived(0), FREED);
    assertThrows(() => sending.start(), FREED);
  },
  { skip },
);

test(
  "an abort rejects, although a partitioned receive cannot be cancelled",
  async () => {
    const { COMM_SELF: self } = mpi;
    const into = self.precvInit(new Float64Array(4), 2, 0, 5);
    const error = await into
      .start()
      .promise({ signal: AbortSignal.timeout(20) })
      .catch((reason: Error) => reason);
    assert.is((error as Error).name, "TimeoutError");
    assertThrows(() => into.cancel(), { code: "ERR_MPI_REQUEST" });
    const out = self.psendInit(new Float64Array(4), 2, 0, 5).start();
    out.ready(0, 1);
    mpi.waitAll([out, into]);
    out.free();
    into.free();
  },
  { skip },
);

test(
  "using throws for what is not complete: at once for a send that lacks parts, else after half a minute",
  async () => {
    const recv = new Float64Array(4);
    const receiving = world.precvInit(recv, 2, previous, 6).start();
    const sending = world.psendInit(new Float64Array(4).fill(rank), 2, next, 6).start();
    sending.ready(0);
    const begin = performance.now();
    assertThrows(() => sending[Symbol.dispose](), { ...REQUEST, message: "part 1 was not ready" });
    assert.ok(performance.now() - begin < 10_000);
    inHaste(() => assertThrows(() => receiving[Symbol.dispose](), LATE));
    world.barrier();
    sending.ready(1);
    await Promise.all([receiving, sending]);
    assertArray(recv, new Float64Array(4).fill(previous));
    for (const request of [receiving, sending]) {
      request[Symbol.dispose]();
      assertThrows(() => request.start(), FREED);
    }
  },
  { skip },
);
