import * as assert from "uvu/assert";
import type { Communicator } from "../../../src/mpi/index.js";
import * as mpi from "../../../src/mpi/index.js";
import { assertThrows, test } from "../../harness/ranks.js";

const world = mpi.COMM_WORLD;
const { rank, size } = world;
const skip = size < 2 && "two groups need two ranks";

const all = Array.from({ length: size }, (_, i) => i);
const isEven = rank % 2 === 0;
const ours = all.filter((other) => other % 2 === rank % 2);
const theirs = all.filter((other) => other % 2 !== rank % 2);

/** Even ranks on one side, odd ones on the other; the leaders are the last of each. */
function connect(): { local: Communicator; inter: Communicator } {
  const local = world.split(rank % 2) as Communicator;
  const leader = local.size - 1;
  const inter = local.createIntercomm(
    leader,
    local.rank === leader ? world : null,
    local.rank === leader ? (theirs.at(-1) as number) : -77,
    5,
  );
  return { local, inter };
}

test(
  "each side knows itself and the other",
  () => {
    const { local, inter } = connect();
    assert.is(inter.isInter, true);
    assert.is(local.isInter, false);
    assert.is(inter.rank, local.rank);
    assert.is(inter.size, ours.length);
    assert.is(inter.remoteSize, theirs.length);
    using everybody = world.group();
    for (const [group, expected] of [
      [inter.group(), ours],
      [inter.remoteGroup(), theirs],
    ] as const) {
      assert.equal(group.translateRanks([...expected.keys()], everybody), expected);
      group.free();
    }
    inter.free();
    local.free();
  },
  { skip },
);

test(
  "messages go to the other side",
  () => {
    const { local, inter } = connect();
    // Everybody sends its rank to rank 0 of the other side.
    const request = inter.isend(Int32Array.of(rank), 0, 1);
    if (inter.rank === 0) {
      const received = theirs.map((_, source) => {
        const data = new Int32Array(1);
        assert.is(inter.recv(data, source, 1).source, source);
        return data[0];
      });
      assert.equal(received, theirs);
    }
    request.wait();
    assertThrows(() => inter.send(new Int32Array(1), theirs.length), {
      argument: "dest",
      code: "ERR_OUT_OF_RANGE",
    });
    inter.free();
    local.free();
  },
  { skip },
);

test(
  "merge puts both sides in one, those that say high last",
  () => {
    const { local, inter } = connect();
    for (const oddLast of [true, false]) {
      using merged = inter.merge(isEven !== oddLast);
      assert.is(merged.isInter, false);
      const members = merged.allgather(Int32Array.of(rank), new Int32Array(size));
      const [even, odd] = [0, 1].map((parity) => all.filter((other) => other % 2 === parity));
      const expected = oddLast ? [...(even ?? []), ...(odd ?? [])] : [...(odd ?? []), ...(even ?? [])];
      assert.equal(Array.from(members), expected);
      assert.is(merged.compare(world), size === 2 && oddLast ? mpi.CONGRUENT : mpi.SIMILAR);
    }
    inter.free();
    local.free();
  },
  { skip },
);

test(
  "an intercommunicator is duplicated and split",
  () => {
    const { local, inter } = connect();
    using duplicate = inter.dup();
    assert.is(duplicate.isInter, true);
    assert.is(duplicate.remoteSize, theirs.length);
    assert.is(inter.compare(duplicate), mpi.CONGRUENT);
    duplicate.barrier();
    // The first of each side stay together; the others have their own color.
    const part = inter.split(inter.rank === 0 ? 0 : mpi.UNDEFINED);
    assert.is(part === null, inter.rank !== 0);
    if (part !== null) {
      assert.equal([part.isInter, part.size, part.remoteSize], [true, 1, 1]);
      part.free();
    }
    inter.free();
    local.free();
  },
  { skip },
);

test(
  "its errors are thrown, not fatal",
  () => {
    const { local, inter } = connect();
    const merged = inter.merge(isEven);
    const toOther = inter.rank === 0 ? inter.isend(new Int32Array(4), 0, 1) : undefined;
    if (inter.rank === 0) {
      assertThrows(() => inter.recv(new Int32Array(1), 0, 1), { code: "ERR_MPI_TRUNCATE" });
    }
    toOther?.wait();
    const toSelf = merged.isend(new Int32Array(4), merged.rank, 1);
    assertThrows(() => merged.recv(new Int32Array(1), merged.rank, 1), { code: "ERR_MPI_TRUNCATE" });
    toSelf.wait();
    merged.free();
    inter.free();
    local.free();
  },
  { skip },
);

test(
  "createIntercomm checks its arguments before anybody waits",
  () => {
    const local = world.split(rank % 2) as Communicator;
    const make = (leader: unknown, peer: unknown, remote: unknown, tag?: unknown) => () =>
      local.createIntercomm(leader as number, peer as Communicator, remote as number, tag as number);
    assertThrows(make(local.size, world, 0), { argument: "localLeader", code: "ERR_OUT_OF_RANGE" });
    assertThrows(make("0", world, 0), { argument: "localLeader", code: "ERR_INVALID_ARG_TYPE" });
    assertThrows(make(0, world, 0, -1), { argument: "tag", code: "ERR_OUT_OF_RANGE" });
    if (local.rank === 0) {
      assertThrows(make(0, null, 0), { argument: "peerComm", code: "ERR_INVALID_ARG_TYPE" });
      assertThrows(make(0, world, size), { argument: "remoteLeader", code: "ERR_OUT_OF_RANGE" });
    }
    local.free();
    const { local: half, inter } = connect();
    assertThrows(() => inter.createIntercomm(0, world, 0), { code: "ERR_MPI_COMM" });
    assertThrows(() => inter.merge(1 as never), { argument: "high", code: "ERR_INVALID_ARG_TYPE" });
    inter.free();
    half.free();
  },
  { skip },
);

test("what is for intercommunicators only is refused elsewhere", () => {
  for (const use of [() => world.merge(), () => world.remoteSize, () => world.remoteGroup()]) {
    assertThrows(use, { code: "ERR_MPI_COMM", name: "MpiError" });
  }
});
