import { runInNewContext } from "node:vm";
import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertThrows, test } from "../../harness/ranks.js";
import { detach, resizable, wasmMemory } from "./memory.js";
import {
  array,
  PLACES,
  RANKS,
  REDUCED,
  refused,
  refusedEverywhere,
  refusedSomehow,
  self,
  TAGS,
} from "./refused.js";

const world = mpi.COMM_WORLD;

test("values that are no buffers", () => {
  const fakes: unknown[] = [
    "text",
    5,
    10n,
    true,
    null,
    undefined,
    Symbol("buffer"),
    () => array(),
    {},
    [],
    [1, 2, 3],
    [array()],
    new Map(),
    new Date(),
    new Promise(() => {}),
    { length: 3, 0: 1 },
    { buffer: new ArrayBuffer(8), byteOffset: 0, byteLength: 8 },
    world,
    mpi.DOUBLE,
    Float64Array,
  ];
  for (const fake of fakes) refusedEverywhere(fake, "ERR_INVALID_ARG_TYPE");
  refused(() => self.bcast("text" as never), "ERR_INVALID_ARG_TYPE", "buf", "text");
  refused(() => self.bcast(5 as never), "ERR_INVALID_ARG_TYPE", "buf", 5);
});

test("objects that pretend to be buffers", () => {
  const fakes: unknown[] = [
    Object.create(Float64Array.prototype),
    Object.create(DataView.prototype),
    Object.create(ArrayBuffer.prototype),
    Object.create(SharedArrayBuffer.prototype),
    Object.assign(Object.create(ArrayBuffer.prototype), { length: 4 }),
    Object.assign(Object.create(SharedArrayBuffer.prototype), { length: 4 }),
    Object.setPrototypeOf({ length: 4 }, Float64Array.prototype),
    { [Symbol.toStringTag]: "Float64Array", length: 4, byteLength: 32 },
    new Proxy(array(), {}),
    new Proxy(new DataView(new ArrayBuffer(8)), {}),
    new Proxy(new ArrayBuffer(8), {}),
  ];
  for (const fake of fakes) {
    refusedEverywhere(fake, "ERR_INVALID_ARG_TYPE");
    refusedEverywhere({ data: fake }, "ERR_INVALID_ARG_TYPE", ".data");
  }
});

test("arrays of another realm are arrays", () => {
  const theirs = runInNewContext("new Float64Array([1, 2])") as Float64Array;
  assert.is(self.sendrecv(theirs, 0, 0, array(), 0, 0).byteLength, 16);
  const bytes = runInNewContext("new ArrayBuffer(16)") as ArrayBuffer;
  assert.is(self.sendrecv(array(2), 0, 0, bytes, 0, 0).byteLength, 16);
  assert.is(new Float64Array(bytes)[1], 1);
});

test("arrays without a prototype, constructor or toString", () => {
  const bare = Object.setPrototypeOf(array(2), null) as Float64Array;
  assert.is(self.sendrecv(bare, 0, 0, array(), 0, 0).byteLength, 16);
  assert.is(self.sendrecv({ data: bare, offset: 1 }, 0, 0, array(), 0, 0).byteLength, 8);
  refusedEverywhere(Object.setPrototypeOf(new Float64Array(0), null), "ERR_OUT_OF_RANGE");
  refusedEverywhere(Object.assign(new Float64Array(0), { constructor: null }), "ERR_OUT_OF_RANGE");
  refusedEverywhere(Object.create(null), "ERR_INVALID_ARG_TYPE");
});

test("objects that cannot be shown", () => {
  const custom = Symbol.for("nodejs.util.inspect.custom");
  const unshowable = {
    [custom]() {
      throw new Error("shown");
    },
  };
  refusedEverywhere(unshowable, "ERR_INVALID_ARG_TYPE");
  refused(() => self.send(array(), unshowable as never), "ERR_INVALID_ARG_TYPE", "dest", unshowable);
});

test("proxies that were revoked, or whose traps throw: an error comes out, and the next call works", () => {
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const trap = (): never => {
    throw new Error("trapped");
  };
  const hostile = new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap });
  const buffers: (readonly [string, (value: never) => unknown])[] = [...PLACES, ...REDUCED];
  for (const value of [revoked, hostile]) {
    for (const [, use] of buffers) {
      assert.throws(() => use(value as never), /trapped|revoked|expected/);
      assert.is(self.allreduce(1), 1);
    }
    // Where no property needs to be read, none is.
    for (const [argument, use] of [...RANKS, ...TAGS]) {
      refused(() => use(value as never), "ERR_INVALID_ARG_TYPE", argument, value);
    }
    refused(() => mpi.barrier(value as never), "ERR_INVALID_ARG_TYPE", "comm", value);
    refused(() => mpi.wait(value as never), "ERR_INVALID_ARG_TYPE", "request", value);
    refused(() => mpi.waitAll(value as never), "ERR_INVALID_ARG_TYPE", "requests", value);
    refused(() => self.allreduce(1, value as never), "ERR_INVALID_ARG_TYPE", "op", value);
  }
});

test("getters that throw: their error comes out, and the next call works", () => {
  for (const part of ["data", "count", "offset", "type"]) {
    const description = Object.defineProperty({ data: array() }, part, {
      get() {
        throw new Error(`no ${part}`);
      },
    });
    for (const [, use] of PLACES) {
      assert.throws(() => use(description as never), `no ${part}`);
      assert.is(self.allreduce(1), 1);
    }
  }
});

test("a getter that detaches the other buffer of the call", () => {
  const detaching = (victim: Float64Array): { data: Float64Array } => ({
    get data() {
      detach(victim.buffer);
      return array();
    },
  });
  const calls: ((victim: Float64Array, other: mpi.MessageBuffer) => unknown)[] = [
    (victim, other) => self.allreduce(other, victim),
    (victim, other) => self.scan(other, victim),
    (victim, other) => self.reduce(other, victim),
    (victim, other) => self.gather(other, victim),
    (victim, other) => self.scatter(victim, other),
    (victim, other) => self.allgather(other, victim),
    (victim, other) => self.sendrecv(victim, 0, 0, other, 0, 0),
  ];
  for (const call of calls) {
    const victim = array();
    assertThrows(() => call(victim, detaching(victim)), { code: "ERR_INVALID_ARG_VALUE" });
    assert.is(self.allreduce(1), 1);
  }
});

test("detached buffers", () => {
  const memory = wasmMemory();
  const old = new Float64Array(memory.buffer, 0, 4);
  memory.grow(1);
  const view = array();
  const dataView = new DataView(new ArrayBuffer(8));
  detach(view.buffer);
  detach(dataView.buffer);
  for (const value of [view, dataView, view.buffer, old]) {
    refusedEverywhere(value, "ERR_INVALID_ARG_VALUE");
    refusedEverywhere({ data: value }, "ERR_INVALID_ARG_VALUE", ".data");
    refusedEverywhere({ data: value, count: 0 }, "ERR_INVALID_ARG_VALUE", ".data");
  }
});

test("buffers without elements, unless that is said", () => {
  for (const value of [
    new Float64Array(0),
    new Uint8Array(8).subarray(8),
    new ArrayBuffer(0),
    new SharedArrayBuffer(0),
    new DataView(new ArrayBuffer(8), 8),
    Buffer.alloc(0),
  ]) {
    refusedEverywhere(value, "ERR_OUT_OF_RANGE");
    refusedEverywhere({ data: value }, "ERR_OUT_OF_RANGE");
  }
  refusedEverywhere({ data: array(), offset: 4 }, "ERR_OUT_OF_RANGE");
  assert.is(self.sendrecv({ data: array(), count: 0 }, 0, 0, array(), 0, 0).byteLength, 0);
});

test("views that the shrinking of their buffer left outside", () => {
  const buffer = resizable(64, 64);
  const views = [new Float64Array(buffer, 32, 4), new DataView(buffer, 32, 8), new Float64Array(buffer, 32)];
  buffer.resize(16);
  for (const view of views) {
    for (const [argument, use] of PLACES) refusedSomehow(() => use(view as never), argument);
    for (const [argument, use] of PLACES) {
      refusedSomehow(() => use({ data: view } as never), argument);
      refusedSomehow(() => use({ data: view, count: 1 } as never), argument);
    }
  }
});

test("counts and offsets", () => {
  for (const count of [5, 1.5, -1, Number.NaN, Infinity, 2 ** 32, 2 ** 53]) {
    refusedEverywhere({ data: array(), count }, "ERR_OUT_OF_RANGE", ".count");
    refused(() => self.bcast({ data: array(), count }), "ERR_OUT_OF_RANGE", "buf.count", count);
  }
  for (const offset of [5, 0.5, -1, Number.NaN, -Infinity, 2 ** 31]) {
    refusedEverywhere({ data: array(), offset }, "ERR_OUT_OF_RANGE", ".offset");
    refused(() => self.bcast({ data: array(), offset }), "ERR_OUT_OF_RANGE", "buf.offset", offset);
  }
  for (const value of ["1", 1n, null, {}, [1], Symbol("1"), true]) {
    refusedEverywhere({ data: array(), count: value }, "ERR_INVALID_ARG_TYPE", ".count");
    refusedEverywhere({ data: array(), offset: value as never }, "ERR_INVALID_ARG_TYPE", ".offset");
  }
  for (const type of ["MPI_DOUBLE", null, 5, {}, mpi.SUM, Float64Array]) {
    refusedEverywhere({ data: array(), type }, "ERR_INVALID_ARG_TYPE", ".type");
  }
  refusedEverywhere({ data: array(), offset: 2, count: 3 }, "ERR_OUT_OF_RANGE", ".count");
  refusedEverywhere({ data: array(), type: mpi.C_DOUBLE_COMPLEX, count: 3 }, "ERR_OUT_OF_RANGE", ".count");
  refusedEverywhere({ data: new ArrayBuffer(8), offset: 9 }, "ERR_OUT_OF_RANGE", ".offset");
  refusedEverywhere({ data: new Uint8Array(7), type: mpi.DOUBLE }, "ERR_OUT_OF_RANGE");
  refusedEverywhere({ data: array(3), type: mpi.C_DOUBLE_COMPLEX }, "ERR_OUT_OF_RANGE");
  for (const data of ["x", 5, null, undefined, [1], {}, { data: array() }, mpi.IN_PLACE]) {
    refusedEverywhere({ data }, "ERR_INVALID_ARG_TYPE", ".data");
  }
});

test("IN_PLACE where it has no meaning", () => {
  const { IN_PLACE } = mpi;
  const type = "ERR_INVALID_ARG_TYPE";
  refused(() => self.send(IN_PLACE as never, 0), type, "buf");
  refused(() => self.bcast(IN_PLACE as never), type, "buf");
  refused(() => self.gather(array(), IN_PLACE as never), type, "recv");
  refused(() => self.scatter(IN_PLACE as never, array()), type, "send");
  refused(() => self.allgather(array(), IN_PLACE as never), type, "recv");
  refused(() => self.allreduce(array(), IN_PLACE as never), type, "recv");
  refused(() => self.allreduce(mpi.IN_PLACE, IN_PLACE as never as ArrayBuffer), type, "recv");
});

test("the same memory for sending and receiving", () => {
  const value = "ERR_INVALID_ARG_VALUE";
  const same = array();
  refused(() => self.gather(same, same), value, "send");
  refused(() => self.scatter(same, same), value, "recv");
  refused(() => self.allgather(same, same), value, "send");
  refused(() => self.reduce(same, same), value, "send");
  refused(() => self.allreduce(same, same), value, "send");
  refused(() => self.scan(same, same), value, "send");
  refused(() => self.exscan(same, same), value, "send");
  refused(() => self.sendrecv(same, 0, 0, same, 0, 0), value, "recvbuf");
});

test("memory that overlaps", () => {
  const value = "ERR_INVALID_ARG_VALUE";
  const all = array(8);
  const [low, high] = [all.subarray(0, 6), all.subarray(2, 8)];
  refused(() => self.gather(low, high), value, "send");
  refused(() => self.scatter(low, high), value, "recv");
  refused(() => self.allgather({ data: all, count: 6 }, high), value, "send");
  refused(() => self.allreduce(low, high), value, "send");
  refused(() => self.allreduce(all, new Float64Array(all.buffer)), value, "send");
  refused(() => self.scan(low, { data: all, offset: 2 }), value, "send");
  refused(() => self.sendrecv(low, 0, 0, high, 0, 0), value, "recvbuf");
  refused(() => self.sendrecv(all.buffer, 0, 0, high, 0, 0), value, "recvbuf");
  // Neighbours do not overlap.
  self.allreduce(all.subarray(0, 4), all.subarray(4, 8));
  self.sendrecv(all.subarray(4, 8), 0, 0, all.subarray(0, 4), 0, 0);
});

test("overlapping blocks, packed bytes and operands of reduceLocal", () => {
  const value = "ERR_INVALID_ARG_VALUE";
  const all = array(8);
  const counts = [4];
  const overlapping = [
    { data: all, counts },
    { data: all, counts, displs: [2] },
  ] as const;
  refused(() => self.alltoallv(...overlapping), value, "send");
  self.alltoallv({ data: all, counts }, { data: all, counts, displs: [4] });
  const types = [mpi.DOUBLE];
  refused(() => self.alltoallw({ data: all, counts, types }, { data: all, counts, types }), value, "send");
  refused(() => mpi.pack(all, all), value, "packed");
  refused(() => mpi.unpack(all.buffer, all), value, "packed");
  refused(() => mpi.SUM.reduceLocal(all.subarray(0, 3), all.subarray(1, 4)), value, "inoutvec");
});

test("a getter of a description that calls MPI", () => {
  const other = array();
  const calling = {
    get data(): Float64Array {
      self.bcast(other);
      return array();
    },
  };
  refused(() => self.allreduce(calling, array()), "ERR_INVALID_ARG_VALUE", "buf");
});
