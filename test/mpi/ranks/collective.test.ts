import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, test } from "../../harness/ranks.js";
import { onEachCommunicator, ranksOf } from "./communicators.js";
import { concatenate, KINDS, type NumberArray, sample } from "./kinds.js";

const LENGTH = 5;
const seedOf = (rank: number, kind: number): number => 1000 * rank + kind;

onEachCommunicator("bcast gives every kind of array of every root to all", (comm) => {
  for (const [i, kind] of KINDS.entries()) {
    const root = i % comm.size;
    const expected = sample(kind, seedOf(root, i), LENGTH);
    const buf = comm.rank === root ? expected.slice() : kind.create(LENGTH);
    assert.is(comm.bcast(buf, root), buf);
    assertArray(buf, expected);
  }
});

onEachCommunicator("gather collects every kind of array on every root", (comm) => {
  for (const [i, kind] of KINDS.entries()) {
    const root = i % comm.size;
    const all = concatenate(
      kind,
      ranksOf(comm).map((rank) => sample(kind, seedOf(rank, i), LENGTH)),
    );
    const mine = sample(kind, seedOf(comm.rank, i), LENGTH);
    const recv = comm.rank === root ? kind.create(LENGTH * comm.size) : null;
    assert.is(comm.gather(mine, recv, root), recv);
    if (recv !== null) assertArray(recv, all);
    if (recv === null) comm.gather(mine, null, root);
    else {
      for (const [place, rank] of ranksOf(comm).entries()) if (rank !== root) clear(recv, place);
      assertArray(comm.gather(mpi.IN_PLACE, recv, root), all);
    }
  }
});

/** Zeroes the part of one rank. */
function clear(array: NumberArray, place: number): void {
  new Uint8Array(array.buffer).fill(
    0,
    place * LENGTH * array.BYTES_PER_ELEMENT,
    (place + 1) * LENGTH * array.BYTES_PER_ELEMENT,
  );
}

onEachCommunicator("scatter deals every kind of array out from every root", (comm) => {
  for (const [i, kind] of KINDS.entries()) {
    const root = i % comm.size;
    const all = concatenate(
      kind,
      ranksOf(comm).map((rank) => sample(kind, seedOf(rank, i), LENGTH)),
    );
    const mine = sample(kind, seedOf(comm.rank, i), LENGTH);
    const recv = kind.create(LENGTH);
    const send = comm.rank === root ? all.slice() : null;
    assert.is(comm.scatter(send, recv, root), recv);
    assertArray(recv, mine);
    const again = kind.create(LENGTH);
    const place = comm.rank === root ? mpi.IN_PLACE : again;
    assert.is(comm.scatter(send, place, root), place);
    if (send === null) assertArray(again, mine);
    else assertArray(send, all);
  }
});

onEachCommunicator("allgather collects every kind of array everywhere", (comm) => {
  for (const [i, kind] of KINDS.entries()) {
    const all = concatenate(
      kind,
      ranksOf(comm).map((rank) => sample(kind, seedOf(rank, i), LENGTH)),
    );
    const recv = kind.create(LENGTH * comm.size);
    if (i % 2 === 0) {
      assert.is(comm.allgather(sample(kind, seedOf(comm.rank, i), LENGTH), recv), recv);
    } else {
      recv.set(sample(kind, seedOf(comm.rank, i), LENGTH) as never, comm.rank * LENGTH);
      assert.is(comm.allgather(mpi.IN_PLACE, recv), recv);
    }
    assertArray(recv, all);
  }
});

test("every rank can be the root, and it is 0 unless it is said", () => {
  const comm = mpi.COMM_WORLD;
  const { rank, size } = comm;
  for (const root of ranksOf(comm)) {
    assertArray(comm.bcast(Int32Array.of(rank), root), Int32Array.of(root));
    const gathered = comm.gather(Int32Array.of(rank), rank === root ? new Int32Array(size) : null, root);
    if (gathered !== null) assertArray(gathered, Int32Array.from(ranksOf(comm)));
    const dealt = rank === root ? Int32Array.from(ranksOf(comm), (to) => 100 * root + to) : null;
    assertArray(comm.scatter(dealt, new Int32Array(1), root), Int32Array.of(100 * root + rank));
  }
  assertArray(comm.bcast(Int32Array.of(rank + 7)), Int32Array.of(7));
  const gathered = comm.gather(Int32Array.of(rank), rank === 0 ? new Int32Array(size) : null);
  if (gathered !== null) assertArray(gathered, Int32Array.from(ranksOf(comm)));
  const dealt = rank === 0 ? Int32Array.from(ranksOf(comm)) : null;
  assertArray(comm.scatter(dealt, new Int32Array(1)), Int32Array.of(rank));
});

test("the functions do what the methods do", () => {
  const comm = mpi.COMM_WORLD;
  const { rank, size } = comm;
  const root = size - 1;
  const all = Float64Array.from(ranksOf(comm));
  mpi.barrier();
  mpi.barrier(mpi.COMM_SELF);
  assertArray(mpi.bcast(Float64Array.of(rank), root), Float64Array.of(root));
  assertArray(mpi.bcast(Float64Array.of(rank), 0, mpi.COMM_SELF), Float64Array.of(rank));
  assertArray(mpi.allgather(Float64Array.of(rank), new Float64Array(size)), all);
  assertArray(mpi.allgather(Float64Array.of(9), new Float64Array(1), mpi.COMM_SELF), Float64Array.of(9));
  const gathered = mpi.gather(Float64Array.of(rank), rank === root ? new Float64Array(size) : null, root);
  if (gathered !== null) assertArray(gathered, all);
  assertArray(mpi.gather(Float64Array.of(9), new Float64Array(1), 0, mpi.COMM_SELF), Float64Array.of(9));
  const dealt = mpi.scatter(rank === root ? all : null, new Float64Array(1), root);
  assertArray(dealt, Float64Array.of(rank));
  assertArray(mpi.scatter(Float64Array.of(9), new Float64Array(1), 0, mpi.COMM_SELF), Float64Array.of(9));
});

test("no rank leaves a barrier before the last has come", () => {
  const comm = mpi.COMM_WORLD;
  const { rank, size } = comm;
  // The last one sends before its barrier; whoever is past the barrier must find the message.
  const last = size - 1;
  if (rank === last) for (const to of ranksOf(comm)) if (to !== last) comm.send(Int8Array.of(1), to, 77);
  comm.barrier();
  if (rank !== last) {
    let status = comm.iprobe(last, 77);
    const end = performance.now() + 5000;
    while (status === null && performance.now() < end) status = comm.iprobe(last, 77);
    assert.ok(status);
    comm.recv(new Int8Array(1), last, 77);
  }
});

test("parts of one kind of data may be collected as another, if the bytes match", () => {
  const comm = mpi.COMM_WORLD;
  const { rank, size } = comm;
  const recv = new Uint8Array(8 * size);
  comm.allgather(Float64Array.of(rank), recv);
  assertArray(new Float64Array(recv.buffer), Float64Array.from(ranksOf(comm)));
});

test("parts without elements are collected when that is said", () => {
  const comm = mpi.COMM_WORLD;
  const data = Float64Array.of(1, 2, 3);
  const empty = { data, count: 0 };
  const other = { data: Float64Array.of(4), count: 0 };
  assert.is(comm.allgather(empty, other), other);
  assert.is(comm.gather(empty, comm.rank === 0 ? other : null)?.count ?? 0, 0);
  assert.is(comm.scatter(comm.rank === 0 ? empty : null, other), other);
  assert.is(comm.bcast(empty), empty);
  assertArray(data, Float64Array.of(1, 2, 3));
  assertArray(other.data, Float64Array.of(4));
});

test("long arrays", () => {
  const comm = mpi.COMM_WORLD;
  const length = 50_000;
  const part = new Float64Array(length).fill(comm.rank);
  const recv = comm.allgather(part, new Float64Array(length * comm.size));
  for (const rank of ranksOf(comm)) {
    assert.is(recv[rank * length], rank);
    assert.is(recv[(rank + 1) * length - 1], rank);
  }
  const buf = comm.bcast(new Float64Array(length).fill(comm.rank + 1), comm.size - 1);
  assert.ok(buf.every((element) => element === comm.size));
});
