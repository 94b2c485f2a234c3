import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { test } from "../../harness/ranks.js";
import { Half } from "./kinds.js";
import { array, RANKS, refused, self, TAGS } from "./refused.js";

const world = mpi.COMM_WORLD;

const NO_NUMBERS: readonly unknown[] = ["0", 0n, Symbol("0"), null, {}, [0], true, new Number(0), () => 0];

test("ranks and roots", () => {
  for (const [argument, use] of RANKS) {
    for (const rank of [1, 99, -5, -4, 0.5, Number.NaN, Infinity, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 32)]) {
      refused(() => use(rank as never), "ERR_OUT_OF_RANGE", argument, rank);
    }
    for (const rank of NO_NUMBERS) refused(() => use(rank as never), "ERR_INVALID_ARG_TYPE", argument, rank);
    if (argument === "dest")
      refused(() => use(mpi.ANY_SOURCE as never), "ERR_OUT_OF_RANGE", argument, mpi.ANY_SOURCE);
    if (argument === "root") {
      refused(() => use(mpi.PROC_NULL as never), "ERR_OUT_OF_RANGE", argument, mpi.PROC_NULL);
    }
  }
  refused(() => self.send(array(), undefined as never), "ERR_INVALID_ARG_TYPE", "dest", undefined);
  const { size } = world;
  refused(() => world.send(array(), size), "ERR_OUT_OF_RANGE", "dest", size);
  refused(() => world.bcast(array(), size), "ERR_OUT_OF_RANGE", "root", size);
});

test("tags", () => {
  for (const [argument, use] of TAGS) {
    for (const tag of [-5, -1, 0.5, Number.NaN, Infinity, 2 ** 31, 2 ** 32, 2 ** 53]) {
      refused(() => use(tag as never), "ERR_OUT_OF_RANGE", argument, tag);
    }
    for (const tag of NO_NUMBERS) refused(() => use(tag as never), "ERR_INVALID_ARG_TYPE", argument, tag);
  }
  for (const [argument, use] of TAGS.slice(0, 4)) {
    refused(() => use(mpi.ANY_TAG as never), "ERR_OUT_OF_RANGE", argument, mpi.ANY_TAG);
  }
});

test("minus zero is zero", () => {
  const request = self.irecv(array(), -0, -0);
  self.send({ data: array(), count: -0, offset: -0 }, -0, -0);
  const status = request.wait();
  assert.is(status.source, 0);
  assert.is(status.tag, 0);
  self.bcast(array(), -0);
  self.split(-0, -0)?.free();
});

test("what is no communicator", () => {
  const fakes: unknown[] = [
    null,
    {},
    5,
    "MPI_COMM_WORLD",
    mpi.SUM,
    mpi.Communicator,
    { rank: 0, size: 1, barrier() {} },
    Object.create(mpi.Communicator.prototype),
    Object.create(world),
    new Proxy(world, {}),
  ];
  const calls: ((comm: never) => unknown)[] = [
    (comm) => mpi.rank(comm),
    (comm) => mpi.size(comm),
    (comm) => mpi.barrier(comm),
    (comm) => mpi.send(array(), 0, 0, comm),
    (comm) => mpi.recv(array(), 0, 0, comm),
    (comm) => mpi.sendrecv(array(), 0, 0, array(), 0, 0, comm),
    (comm) => mpi.isend(array(), 0, 0, comm),
    (comm) => mpi.irecv(array(), 0, 0, comm),
    (comm) => mpi.probe(0, 0, comm),
    (comm) => mpi.iprobe(0, 0, comm),
    (comm) => mpi.bcast(array(), 0, comm),
    (comm) => mpi.gather(array(), array(), 0, comm),
    (comm) => mpi.scatter(array(), array(), 0, comm),
    (comm) => mpi.allgather(array(), array(), comm),
    (comm) => mpi.reduce(array(), array(), mpi.SUM, 0, comm),
    (comm) => mpi.reduce(1, mpi.SUM, 0, comm),
    (comm) => mpi.allreduce(array(), array(), mpi.SUM, comm),
    (comm) => mpi.allreduce(1, mpi.SUM, comm),
    (comm) => mpi.scan(1, mpi.SUM, comm),
    (comm) => mpi.scan(array(), array(), mpi.SUM, comm),
    (comm) => mpi.exscan(1n, mpi.SUM, comm),
    (comm) => mpi.exscan(array(), array(), mpi.SUM, comm),
  ];
  for (const call of calls) {
    for (const fake of fakes) refused(() => call(fake as never), "ERR_INVALID_ARG_TYPE", "comm", fake);
  }
});

test("what is no operation", () => {
  const fakes: unknown[] = [null, "SUM", 5, {}, mpi.DOUBLE, self, (a: number, b: number) => a + b];
  for (const op of [...fakes, Object.create(mpi.Op.prototype), new Proxy(mpi.SUM, {})]) {
    const type = "ERR_INVALID_ARG_TYPE";
    refused(() => self.allreduce(array(), array(), op as never), type, "op", op);
    refused(() => self.reduce(array(), array(), op as never), type, "op", op);
    refused(() => self.scan(1, op as never), type, "op", op);
    refused(() => mpi.exscan(1n, op as never, self), type, "op", op);
  }
});

test("what is no datatype", () => {
  const fakes = [Object.create(mpi.Datatype.prototype), new Proxy(mpi.DOUBLE, {})];
  for (const type of fakes) {
    refused(() => self.bcast({ data: array(), type }), "ERR_INVALID_ARG_TYPE", "buf.type", type);
  }
  const status = self.sendrecv(array(), 0, 0, array(), 0, 0);
  for (const type of [null, 5, "Float64Array", {}, [], class Foo {}, Map, ...fakes]) {
    refused(() => status.count(type as never), "ERR_INVALID_ARG_TYPE", "type", type);
  }
});

test("what is no request, or no array of them", () => {
  const fakes = [null, undefined, {}, 5, "request", Object.create(mpi.Request.prototype), Promise.resolve()];
  const type = "ERR_INVALID_ARG_TYPE";
  const request = self.irecv(array(1), 0, 0);
  for (const fake of [...fakes, new Proxy(request, {})]) {
    refused(() => mpi.wait(fake as never), type, "request", fake);
    refused(() => mpi.test(fake as never), type, "request", fake);
  }
  for (const call of [mpi.waitAll, mpi.testAll, mpi.waitAny, mpi.testAny, mpi.waitSome, mpi.testSome]) {
    for (const fake of fakes) {
      refused(() => call(fake as never), type, "requests", fake);
      refused(() => call([request, fake] as never), type, "requests[1]", fake);
    }
    refused(() => call({ length: 1, 0: request } as never), type, "requests");
    refused(() => call(new Set([request]) as never), type, "requests");
    refused(() => call(new Array(2) as never), type, "requests[0]", undefined);
  }
  assert.is(request.done, false);
  self.isend(Float64Array.of(8), 0).wait();
  assert.is(request.wait().byteLength, 8);
});

test("an array of requests whose length changes while it is read", () => {
  for (const call of [mpi.waitAll, mpi.testAll, mpi.waitAny, mpi.testAny, mpi.waitSome, mpi.testSome]) {
    const request = self.isend(array(), mpi.PROC_NULL);
    let reads = 0;
    const growing = new Proxy([request], {
      get: (target, key, receiver) =>
        key === "length" && ++reads > 2 ? 100_000 : Reflect.get(target, key, receiver),
    });
    try {
      call(growing);
    } catch (error) {
      assert.match(String((error as { code?: string }).code), /^ERR_(INVALID_ARG|OUT_OF)/);
    }
    request.wait();
    assert.is(self.allreduce(1), 1);
  }
});

test("lengths that do not match", () => {
  const range = "ERR_OUT_OF_RANGE";
  refused(() => self.gather(array(4), array(5)), range, "recv");
  refused(() => self.gather(array(4), array(3)), range, "recv");
  refused(() => self.scatter(array(5), array(4)), range, "send");
  refused(() => self.scatter(array(3), array(4)), range, "send");
  refused(() => self.allgather(array(4), array(5)), range, "recv");
  refused(() => self.allgather(array(4), new Uint8Array(33)), range, "recv");
  refused(() => self.reduce(array(4), array(5)), range, "recv");
  refused(() => self.allreduce(array(4), array(3)), range, "recv");
  refused(() => self.scan(array(4), array(5)), range, "recv");
  refused(() => self.exscan({ data: array(4), count: 2 }, array(4)), range, "recv");
  const { size } = world;
  refused(() => world.allgather(array(2), array(2 * size + 1)), range, "recv");
  refused(() => world.allgather(array(2), array(2 * size + 2)), range, "recv");
  if (size > 1) {
    refused(() => world.allgather(mpi.IN_PLACE, array(2 * size + 1)), range, "recv");
    refused(() => world.allgather(array(2), array(2)), range, "recv");
  }
});

test("types that do not match", () => {
  const value = "ERR_INVALID_ARG_VALUE";
  refused(() => self.allreduce(array(4), new Float32Array(4)), value, "recv");
  refused(() => self.reduce(new Int8Array(4), new Uint8Array(4)), value, "recv");
  refused(() => self.scan(new BigInt64Array(4), array(4)), value, "recv");
  refused(() => self.exscan({ data: array(4), type: mpi.C_DOUBLE_COMPLEX }, array(4)), value, "recv");
});

test("null on the root", () => {
  const type = "ERR_INVALID_ARG_TYPE";
  refused(() => self.gather(array(), null), type, "recv", null);
  refused(() => self.scatter(null, array()), type, "send", null);
  refused(() => self.reduce(array(), null), type, "recv", null);
  refused(() => mpi.gather(array(), null, 0, self), type, "recv", null);
});

test(
  "IN_PLACE outside the root",
  () => {
    const { rank, size } = world;
    // Every rank names another as the root, so that none of them gets as far as the library.
    const root = (rank + 1) % size;
    refused(() => world.gather(mpi.IN_PLACE, null, root), "ERR_INVALID_ARG_VALUE", "send", mpi.IN_PLACE);
    refused(() => world.scatter(null, mpi.IN_PLACE, root), "ERR_INVALID_ARG_VALUE", "recv", mpi.IN_PLACE);
    refused(() => world.reduce(mpi.IN_PLACE, null, mpi.SUM, root), "ERR_INVALID_ARG_VALUE", "send");
    assert.is(world.allreduce(1), size);
  },
  { skip: world.size === 1 && "there is no rank but the root" },
);

test("bigints that 64 bits do not hold", () => {
  for (const value of [2n ** 63n, -(2n ** 63n) - 1n, 2n ** 64n, 10n ** 50n]) {
    refused(() => self.allreduce(value), "ERR_OUT_OF_RANGE", "send", value);
    refused(() => self.reduce(value), "ERR_OUT_OF_RANGE", "send", value);
    refused(() => self.scan(value), "ERR_OUT_OF_RANGE", "send", value);
    refused(() => mpi.exscan(value, mpi.SUM, self), "ERR_OUT_OF_RANGE", "send", value);
  }
});

test("a bad buffer in a reduction is named for what it is", () => {
  refused(() => self.allreduce("5" as never, array()), "ERR_INVALID_ARG_TYPE", "send", "5");
  if (Half === undefined) return;
  const half = new Half(2);
  refused(() => self.allreduce(mpi.IN_PLACE, half), "ERR_INVALID_ARG_TYPE", "recv", half);
});

test("handles cannot be made up", () => {
  // The classes are public for `instanceof` and for their static methods, not for numbers from somewhere.
  const handles = [12345, 12345n, 0, 0n, undefined, null, {}];
  for (const handle of handles) {
    for (const make of [
      () => new (mpi.Communicator as new (...args: never[]) => mpi.Communicator)(handle as never).barrier(),
      () => new (mpi.Group as new (...args: never[]) => mpi.Group)(handle as never).size,
      () => new (mpi.Request as new (...args: never[]) => mpi.Request)(handle as never, [] as never).wait(),
    ]) {
      assert.throws(make);
      assert.is(self.allreduce(1), 1);
    }
  }
});
