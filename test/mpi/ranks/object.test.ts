import { isDeepStrictEqual } from "node:util";
import * as assert from "uvu/assert";
import * as mpi from "../../../src/mpi/index.js";
import { assertArray, assertRejects, assertThrows, test } from "../../harness/ranks.js";

const world = mpi.COMM_WORLD;
const { rank, size } = world;
const ranks = Array.from({ length: size }, (_, i) => i);
const right = (rank + 1) % size;
const left = (rank + size - 1) % size;

const LARGE = 20_000;

/** A value with everything in it, and with memory that is too large for the stream where `length` is. */
const sample = (from: number, length: number): Record<string, unknown> => {
  const value: Record<string, unknown> = {
    from,
    text: `rank ${from}`,
    list: Array.from({ length: from * 3 }, (_, i) => ({ i, big: BigInt(i) })),
    map: new Map([[{ from }, new Set([from, -0])]]),
    when: new Date(from),
    numbers: new Float64Array(length).fill(from),
    bytes: Buffer.alloc(length, from + 1),
  };
  value["self"] = value;
  return value;
};

function assertSame(actual: unknown, expected: unknown): void {
  assert.ok(isDeepStrictEqual(actual, expected), `got ${JSON.stringify(actual)?.slice(0, 200)}`);
}

function assertValue(actual: unknown, from: number, length: number): void {
  assert.ok(isDeepStrictEqual(actual, sample(from, length)), `the value of rank ${from}`);
}

/** Communicators that all messages must work in alike; null where this process is in none. */
const contexts = (): Record<string, mpi.Communicator> => ({
  COMM_WORLD: world,
  COMM_SELF: mpi.COMM_SELF,
  "a duplicate": world.dup(),
  "one half": world.split(rank % 2, -rank) as mpi.Communicator,
});

for (const length of [0, 3, LARGE]) {
  test(`every operation in every communicator, arrays of ${length}`, async () => {
    for (const [name, comm] of Object.entries(contexts())) {
      const last = comm.size - 1;
      const all = Array.from({ length: comm.size }, (_, i) => i);
      const [next, previous] = [(comm.rank + 1) % comm.size, (comm.rank + last) % comm.size];
      const mine = sample(comm.rank, length);

      const sent = comm.isendObject(mine, next, 5);
      assertValue(comm.recvObject(previous, 5), previous, length);
      await sent;
      const [received] = await Promise.all([comm.irecvObject(previous), comm.isendObject(mine, next)]);
      assertValue(received, previous, length);

      const given = comm.bcastObject(comm.rank === last ? mine : null, last);
      if (comm.rank === last) assert.is(given, mine, name);
      assertValue(given, last, length);

      const gathered = comm.gatherObject(mine, last);
      if (comm.rank === last) for (const from of all) assertValue(gathered?.[from], from, length);
      else assert.is(gathered, null);

      const dealt = comm.rank === 0 ? all.map((to) => sample(to, length)) : null;
      assertValue(comm.scatterObject(dealt), comm.rank, length);

      for (const [from, value] of comm.allgatherObject(mine).entries()) assertValue(value, from, length);
      const exchanged = comm.alltoallObject(all.map((to) => ({ to, value: mine })));
      for (const [from, { to, value }] of exchanged.entries()) {
        assert.is(to, comm.rank);
        assertValue(value, from, length);
      }
      if (comm !== world && comm !== mpi.COMM_SELF) comm.free();
    }
  });
}

test("any value, in a message of its own", () => {
  for (const value of [undefined, null, 0, "", false, 12n, Number.NaN, [], "x".repeat(100_000)]) {
    const done = world.isendObject(value, rank);
    assert.equal(world.recvObject(rank), value);
    assert.instance(done, Promise);
  }
});

test("several at once with the same tag keep their order and do not mix", async () => {
  const lengths = [0, LARGE, 5, 2 * LARGE, LARGE, 0, 1];
  const sends = lengths.map((length, i) =>
    world.isendObject({ i, data: new Uint16Array(length).fill(i) }, right, 7),
  );
  const receives = lengths.map(() => world.irecvObject<{ i: number; data: Uint16Array }>(left, 7));
  for (const [i, { i: which, data }] of (await Promise.all(receives)).entries()) {
    assert.is(which, i);
    assertArray(data, new Uint16Array(lengths[i] as number).fill(i));
  }
  await Promise.all(sends);
  world.barrier();
});

test("a blocking receive in between does not mix either", async () => {
  const value = (i: number) => ({ i, data: new Float32Array(LARGE).fill(i) });
  const sends = [0, 1, 2].map((i) => world.isendObject(value(i), right, 8));
  const first = world.irecvObject<ReturnType<typeof value>>(mpi.ANY_SOURCE, 8);
  for (const i of [1, 2]) {
    const { i: which, data } = world.recvObject<ReturnType<typeof value>>(left, 8);
    assert.is(which, i);
    assertArray(data, value(i).data);
  }
  assertArray((await first).data, value(0).data);
  await Promise.all(sends);
  world.barrier();
});

test("a receive that waits for another rank or tag is no obstacle", async () => {
  const [never, later] = [new AbortController(), world.irecvObject(left, 22)];
  const waiting = world.irecvObject(mpi.ANY_SOURCE, 21, { signal: never.signal });
  const sent = world.isendObject("other", right, 20);
  assert.is(await world.irecvObject(left, 20), "other");
  await Promise.all([sent, world.isendObject("later", right, 22)]);
  assert.is(await later, "later");
  never.abort();
  assert.is(await waiting.catch((error: Error) => error.name), "AbortError");
  world.barrier();
});

test("wildcards: one value from each rank, whoever comes first", async () => {
  const sends = ranks.map((to) =>
    world.isendObject({ from: rank, data: new Float64Array(LARGE).fill(rank) }, to, rank),
  );
  const froms: number[] = [];
  for (const i of ranks) {
    const { from, data } =
      i % 2 === 0
        ? world.recvObject<{ from: number; data: Float64Array }>()
        : await world.irecvObject<{ from: number; data: Float64Array }>();
    assertArray(data, new Float64Array(LARGE).fill(from));
    froms.push(from);
  }
  assertSame(froms.sort(), ranks);
  await Promise.all(sends);
  world.barrier();
});

test("what mprobe found", async () => {
  for (const length of [1, LARGE]) {
    const sends = [world.isendObject(sample(rank, length), right, 3), world.isendObject("second", right, 3)];
    const message = world.mprobe(mpi.ANY_SOURCE, 3);
    assert.is(message.status.source, left);
    assertValue(world.recvObject(message), left, length);
    const second = world.mprobe(left, 3);
    assert.is(await world.irecvObject(second), "second");
    assertThrows(() => world.recvObject(second), { code: "ERR_MPI_FREED" });
    await Promise.all(sends);
  }
});

test("PROC_NULL gives undefined and takes anything", async () => {
  world.sendObject({ a: 1 }, mpi.PROC_NULL);
  await world.isendObject(new Float64Array(LARGE), mpi.PROC_NULL);
  assert.is(world.recvObject(mpi.PROC_NULL), undefined);
  assert.is(await world.irecvObject(mpi.PROC_NULL), undefined);
});

test("an aborted receive leaves the message to the next one", async () => {
  const abort = new AbortController();
  const waiting = world.irecvObject(left, 9, { signal: abort.signal });
  setTimeout(() => abort.abort(new Error("enough")), 10);
  const reason = await waiting.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.is((reason as Error).message, "enough");
  world.barrier();
  const sent = world.isendObject("late", right, 9);
  assert.is(await world.irecvObject(left, 9), "late");
  await sent;
  const signal = AbortSignal.abort(new Error("before"));
  assert.match(String(await world.irecvObject(left, 9, { signal }).catch(String)), "before");
  await assertRejects(world.irecvObject(left, 9, { signal: 1 as never }), { code: "ERR_INVALID_ARG_TYPE" });
  world.barrier();
});

test("the event loop goes on while a value is awaited", async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const waiting = world.irecvObject(left, 10);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = ticks;
  await world.isendObject("now", right, 10);
  assert.is(await waiting, "now");
  clearInterval(timer);
  assert.ok(before > 1, `${before} ticks in 100 ms`);
});

test("receives that were begun take what is sent while this process blocks in a send or another receive", async () => {
  const large = ["x".repeat(300_000), new Float64Array(300_000).fill(rank)];
  const theirs = ["x".repeat(300_000), new Float64Array(300_000).fill(left)];
  const other = world.dup();
  for (const comm of [world, other]) {
    const begun = comm.irecvObject(left, 20);
    comm.sendObject(large, right, 20);
    assertSame(await begun, theirs);
  }
  // Each sends first what its neighbour has begun to receive, and then what that one waits for.
  const begun = [world.irecvObject(left, 22), other.irecvObject(left, 23)];
  world.sendObject(large, right, 22);
  other.sendObject(large, right, 23);
  const sent = world.isendObject("then", right, 24);
  assert.is(world.recvObject(left, 24), "then");
  const sending = world.isendObject(large, right, 25);
  assertSame(world.sendrecvObject(large, right, 26, left, 26), theirs);
  assertSame(world.recvObject(left, 25), theirs);
  assertSame(await Promise.all(begun), [theirs, theirs]);
  await Promise.all([sent, sending]);
  other.free();
});

test("a message that is no object", async () => {
  for (const message of [new Float64Array([1, 2, 3]), { data: new Uint8Array(1), count: 0 }]) {
    const requests = [world.isend(message, right, 11), world.isend(message, right, 11)];
    assertThrows(() => world.recvObject(left, 11), { code: "ERR_MPI_TYPE", message: `rank ${left}` });
    await assertRejects(world.irecvObject(left, 11), { code: "ERR_MPI_TYPE", message: "with tag 11" });
    mpi.Request.waitAll(requests);
  }
});

const uncloneable = { deep: [() => 0] };
const refused = { code: "ERR_INVALID_ARG_VALUE", argument: "value.deep[0]" };

test("what cannot be sent is refused, and nothing is sent", async () => {
  assertThrows(() => world.sendObject(uncloneable, right), refused);
  await assertRejects(world.isendObject(uncloneable, right), refused);
  await assertRejects(world.isendObject(1, size), { code: "ERR_OUT_OF_RANGE", argument: "dest" });
  assertThrows(() => world.sendObject(1, right, -7), { code: "ERR_OUT_OF_RANGE", argument: "tag" });
  assertThrows(() => world.recvObject(size), { code: "ERR_OUT_OF_RANGE", argument: "source" });
  world.barrier();
  assert.is(world.iprobe(), null);
});

/** Runs an operation in which the last rank alone has a value that cannot be sent. */
test("a value that cannot be sent, on one rank of a collective: an error on each that waits for it", () => {
  const bad = size - 1;
  const mine = rank === bad ? uncloneable : { fine: rank };
  const elsewhere = { code: "ERR_MPI_OTHER", message: `rank ${bad}` };
  const expected = rank === bad ? refused : elsewhere;
  assertThrows(() => world.bcastObject(mine, bad), expected);
  assertThrows(() => world.allgatherObject(mine), expected);
  const dealt = ranks.map((to) => (to === bad ? mine : to));
  const element = { ...refused, argument: `values[${bad}].deep[0]` };
  assertThrows(() => world.alltoallObject(dealt), rank === bad ? element : elsewhere);
  assertThrows(
    () => world.scatterObject(rank === bad ? dealt : null, bad),
    rank === bad ? element : elsewhere,
  );
  assertThrows(() => world.allreduceObject<unknown>(mine, (a) => a), expected);
  if (rank === 0 || rank === bad) assertThrows(() => world.gatherObject(mine), expected);
  else assert.is(world.gatherObject(mine), null);
  // Nothing of all that is left over.
  assertSame(world.allgatherObject(rank), ranks);
});

test("a wrong number of values is an error on all", () => {
  const few = size === 1 ? [1, 2] : [1];
  const elsewhere = { code: "ERR_MPI_OTHER" };
  const local = { code: "ERR_OUT_OF_RANGE", argument: "values" };
  assertThrows(() => world.scatterObject(rank === 0 ? few : null), rank === 0 ? local : elsewhere);
  assertThrows(() => world.scatterObject(null), rank === 0 ? { code: "ERR_INVALID_ARG_TYPE" } : elsewhere);
  assertThrows(() => world.alltoallObject(few), local);
  assertThrows(() => world.bcastObject(1, size), { code: "ERR_OUT_OF_RANGE", argument: "root" });
});

test("values are combined in the order of ranks", () => {
  const text = ranks.map((from) => `(${from})`).join("");
  assert.is(
    world.allreduceObject(`(${rank})`, (a, b) => a + b),
    text,
  );
  assert.is(world.allreduceObject(`(${rank})`, mpi.SUM), text);
  const root = size - 1;
  const reduced = world.reduceObject([rank], (a, b) => [...a, ...b], root);
  assertSame(reduced, rank === root ? ranks : null);
  const sets = world.allreduceObject(new Set([rank, "all"]), (a, b) => new Set([...a, ...b]));
  assertSame(sets, new Set([0, "all", ...ranks]));
});

test("predefined operations on single values", () => {
  const { allreduceObject } = {
    allreduceObject: <V>(value: V, op: mpi.Op): V => world.allreduceObject(value, op),
  };
  assert.is(allreduceObject(BigInt(rank) + 2n ** 70n, mpi.MAX), BigInt(size - 1) + 2n ** 70n);
  assert.is(allreduceObject(`${rank}`, mpi.MIN), "0");
  assert.is(
    allreduceObject(rank + 1, mpi.PROD),
    ranks.reduce((product, i) => product * (i + 1), 1),
  );
  assert.is(allreduceObject(1n << BigInt(rank), mpi.BOR), (1n << BigInt(size)) - 1n);
  assert.is(allreduceObject(3n, mpi.BAND), 3n);
  assert.is(allreduceObject(5, mpi.BXOR), size % 2 === 0 ? 0 : 5);
  assert.is(allreduceObject<unknown>(rank, mpi.LAND), false);
  assert.is(allreduceObject<unknown>({}, mpi.LOR), true);
  assert.is(allreduceObject(rank === 0, mpi.LOR), true);
  assert.is(allreduceObject(rank === 0, mpi.LXOR), true);
  assertSame(allreduceObject([rank % 2, rank], mpi.MAXLOC), size === 1 ? [0, 0] : [1, 1]);
  assertSame(allreduceObject([rank % 2, rank], mpi.MINLOC), [0, 0]);
  assertSame(allreduceObject(["b", rank], mpi.MINLOC), ["b", 0]);
  for (const op of [mpi.REPLACE, "sum", undefined, async (a: number) => a]) {
    assertThrows(() => world.reduceObject(1, op as mpi.Op), { code: "ERR_INVALID_ARG_TYPE", argument: "op" });
  }
});

test("bitwise operations on numbers keep all of their bits", () => {
  const high = 2 ** 40;
  const mine = rank === size - 1 ? high + 3 : high + 2;
  assert.is(world.allreduceObject(mine, mpi.BAND), size === 1 ? high + 3 : high + 2);
  assert.is(world.allreduceObject(mine, mpi.BOR), high + 3);
  assert.is(world.allreduceObject(rank === 0 ? 2 ** 31 : 0, mpi.BXOR), 2 ** 31);
  assert.is(
    world.allreduceObject(rank === 0 ? -(2 ** 40) : 1, mpi.BOR),
    size === 1 ? -(2 ** 40) : 1 - 2 ** 40,
  );
  assert.is(world.allreduceObject(rank === 0 ? -1 : 6, mpi.BAND), size === 1 ? -1 : 6);
});

test("NaN is the largest and the smallest, whichever rank has it", () => {
  for (const place of ranks) {
    const mine = rank === place ? Number.NaN : rank;
    for (const op of [mpi.MAX, mpi.MIN]) assert.ok(Number.isNaN(world.allreduceObject(mine, op)));
    for (const op of [mpi.MAXLOC, mpi.MINLOC]) {
      assertSame(world.allreduceObject([mine, rank], op), [Number.NaN, place]);
    }
  }
});

const WRONG: readonly (readonly [op: mpi.Op, ...values: unknown[]])[] = [
  [mpi.SUM, { n: 1 }, [1], undefined, null, true, new Float64Array(1)],
  [mpi.PROD, "2", {}],
  [mpi.MAX, { n: 1 }, undefined, new Date()],
  [mpi.BAND, 1.5, 2 ** 53, Number.NaN, "1", true],
  [mpi.MINLOC, 5, [5], [5, 0, 0], [{}, 0], [5, "0"]],
];

test("what a predefined operation does not combine is refused, on one rank for all", () => {
  const bad = size - 1;
  const good = (op: mpi.Op): unknown => (op === mpi.MINLOC ? [1, 0] : 1);
  for (const [op, ...values] of WRONG) {
    for (const value of values) {
      const mine = rank === bad ? value : good(op);
      const expected =
        rank === bad
          ? { code: "ERR_INVALID_ARG_TYPE", argument: "value", message: `${op}` }
          : { code: "ERR_MPI_OTHER", message: `rank ${bad}` };
      assertThrows(() => world.allreduceObject(mine, op), expected);
      assertThrows(() => world.scanObject(mine, op), expected);
      if (rank === 0 || rank === bad) assertThrows(() => world.reduceObject(mine, op), expected);
      else assert.is(world.reduceObject(mine, op), null);
    }
  }
  assertSame(world.allgatherObject(rank), ranks);
});

test(
  "values of different kinds are an error on all that combine them",
  () => {
    const mixtures = [
      [mpi.SUM, 1, 1n],
      [mpi.SUM, "1", 1],
      [mpi.MAX, 1n, 1],
      [mpi.BOR, 1n, 1],
      [mpi.MAXLOC, [1, 0], ["1", 0]],
    ] as const;
    for (const [op, first, other] of mixtures) {
      const mine: unknown = rank === 0 ? first : other;
      const expected = { code: "ERR_MPI_TYPE", message: "rank 1 gave" };
      assertThrows(() => world.allreduceObject(mine, op), expected);
      assertThrows(() => world.scanObject(mine, op), expected);
      if (rank === 0) assertThrows(() => world.reduceObject(mine, op), expected);
      else assert.is(world.reduceObject(mine, op), null);
    }
  },
  { skip: size === 1 && "there is one value" },
);

test("a bad operation or root on one rank: an error on each that waits for it", () => {
  const bad = size - 1;
  const op = rank === bad ? ("sum" as never) : mpi.SUM;
  const elsewhere = { code: "ERR_MPI_OTHER", message: `rank ${bad}` };
  const badOp = rank === bad ? { code: "ERR_INVALID_ARG_TYPE", argument: "op" } : elsewhere;
  assertThrows(() => world.allreduceObject(1, op), badOp);
  assertThrows(() => world.scanObject(1, op), badOp);
  assertThrows(() => world.exscanObject(1, op), badOp);
  if (rank === 0 || rank === bad) assertThrows(() => world.reduceObject(1, op), badOp);
  else assert.is(world.reduceObject(1, op), null);
  const root = rank === bad ? size : 0;
  const badRoot = rank === bad ? { code: "ERR_OUT_OF_RANGE", argument: "root" } : elsewhere;
  assertThrows(() => world.reduceObject(1, mpi.SUM, root), badRoot);
  assertThrows(() => world.gatherObject(1, root), badRoot);
  assertThrows(() => world.scatterObject(rank === 0 ? ranks : null, root), badRoot);
  assertSame(world.allgatherObject(rank), ranks);
});

test("values are combined up to a rank", () => {
  const before = (count: number): string => ranks.slice(0, count).join("");
  for (const op of [mpi.SUM, (a: string, b: string) => a + b]) {
    assert.is(world.scanObject(`${rank}`, op), before(rank + 1));
    assert.is(world.exscanObject(`${rank}`, op), rank === 0 ? null : before(rank));
  }
  assert.is(world.scanObject<unknown>(rank, mpi.LOR), rank > 0);
});

test("values go round in a ring", () => {
  for (const length of [0, LARGE]) {
    assertValue(world.sendrecvObject(sample(rank, length), right, 4, left, 4), left, length);
  }
  assert.is(world.sendrecvObject(rank, right), left);
  assert.is(world.sendrecvObject(rank, mpi.PROC_NULL, 0, mpi.PROC_NULL), undefined);
  world.barrier();
  assertThrows(() => world.sendrecvObject(uncloneable, right), refused);
  assertThrows(() => world.sendrecvObject(1, size), { code: "ERR_OUT_OF_RANGE", argument: "dest" });
  assertThrows(() => world.sendrecvObject(1, right, -7), { code: "ERR_OUT_OF_RANGE", argument: "sendtag" });
  assertThrows(() => world.sendrecvObject(1, right, 0, size), {
    code: "ERR_OUT_OF_RANGE",
    argument: "source",
  });
  assertThrows(() => world.sendrecvObject(1, right, 0, left, -7), {
    code: "ERR_OUT_OF_RANGE",
    argument: "recvtag",
  });
  world.barrier();
  assert.is(world.iprobe(), null);
});

test("what is nested as deep as may be arrives; deeper is refused on one rank for all", () => {
  const nested = (depth: number): unknown => {
    let list: unknown = null;
    for (let i = 0; i < depth; i++) list = { list };
    return list;
  };
  const root = size - 1;
  assert.is(depthOf(world.bcastObject(rank === root ? nested(1000) : null, root)), 1000);
  const expected =
    rank === root
      ? { code: "ERR_INVALID_ARG_VALUE", argument: "value", message: "1000 deep" }
      : { code: "ERR_MPI_OTHER", message: `rank ${root}` };
  assertThrows(() => world.bcastObject(rank === root ? nested(1001) : null, root), expected);
  assertThrows(() => world.allgatherObject(nested(rank === root ? 2500 : 1)), expected);
});

function depthOf(nested: unknown): number {
  let depth = 0;
  for (let at = nested; at !== null; at = (at as { list: unknown }).list) depth++;
  return depth;
}

test("a function that returns a promise", () => {
  const later = (a: number, b: number): number => Promise.resolve(a + b) as never;
  if (size > 1) assertThrows(() => world.allreduceObject(rank, later), { code: "ERR_MPI_OP" });
  else assert.is(world.allreduceObject(rank, later), 0);
});

test("a function that throws", () => {
  const fail = (): number => {
    throw new RangeError("cannot be combined");
  };
  const act = () => world.reduceObject(rank, fail);
  if (rank === 0 && size > 1) assert.throws(act, /cannot be combined/);
  else assert.is(act(), rank === 0 ? 0 : null);
  if (size > 1) assert.throws(() => world.allreduceObject(rank, fail), /cannot be combined/);
  world.barrier();
});

test(
  "intercommunicators: messages, but no collectives",
  async () => {
    const half = world.split(rank % 2, rank) as mpi.Communicator;
    const inter = half.createIntercomm(0, world, rank % 2 === 0 ? 1 : 0);
    const peer = half.rank;
    if (peer < inter.remoteSize) {
      const sent = inter.isendObject(sample(rank, LARGE), peer);
      assertValue(inter.recvObject(peer), rank % 2 === 0 ? rank + 1 : rank - 1, LARGE);
      await sent;
    }
    const collectives = {
      bcastObject: () => inter.bcastObject(1, 0),
      gatherObject: () => inter.gatherObject(1),
      scatterObject: () => inter.scatterObject([1]),
      allgatherObject: () => inter.allgatherObject(1),
      alltoallObject: () => inter.alltoallObject([1]),
      reduceObject: () => inter.reduceObject(1, mpi.SUM),
      allreduceObject: () => inter.allreduceObject(1, mpi.SUM),
      scanObject: () => inter.scanObject(1, mpi.SUM),
      exscanObject: () => inter.exscanObject(1, mpi.SUM),
    };
    for (const [operation, act] of Object.entries(collectives)) {
      assertThrows(act, { code: "ERR_MPI_COMM", message: `${operation} is not` });
    }
    inter.free();
    half.free();
  },
  { skip: size === 1 && "there are no two groups" },
);

test("a large array inside is not copied as a whole", async () => {
  if (size < 2 || rank > 1) return;
  const bytes = 64 * 2 ** 20;
  if (rank === 0) {
    const data = new Float64Array(bytes / 8).fill(1.5);
    const before = process.memoryUsage().arrayBuffers;
    const sent = world.isendObject({ name: "large", data }, 1, 12);
    assert.ok(process.memoryUsage().arrayBuffers - before < bytes / 8);
    await sent;
    return;
  }
  const before = process.memoryUsage().arrayBuffers;
  const { data } = world.recvObject<{ data: Float64Array }>(0, 12);
  assert.ok(process.memoryUsage().arrayBuffers - before < 1.25 * bytes);
  assert.is(data.length, bytes / 8);
  assert.is(data.buffer.byteLength, bytes);
  assert.ok(data.every((value) => value === 1.5));
});
