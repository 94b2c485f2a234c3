import { join } from "node:path";
import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import {
  type BuildOn,
  hashit,
  jitOnComm,
  jitOnCommAsync,
  jitSignature,
  mpiJit,
} from "../../../src/jit/index.js";
import { assertRejects, assertThrows, test } from "../../harness/ranks.js";
import {
  apart,
  call,
  FORMS,
  f,
  needsTwo,
  newWork,
  onEachDisk,
  RANKS,
  see,
  shared,
  testOnDisks,
  type Work,
} from "./disks.js";

const world = mpi.COMM_WORLD;
const { rank, size } = world;

/** Communicators, in whose processes all ranks take part at the same time. */
const KINDS: readonly (readonly [name: string, make: () => mpi.Communicator])[] = [
  ["COMM_SELF", () => mpi.COMM_SELF],
  ["a dup", () => world.dup()],
  ["two halves in the opposite order", () => world.split(rank % 2, -rank) as mpi.Communicator],
];

for (const [kind, make] of KINDS) {
  for (const buildon of ["root", "node"] satisfies BuildOn[]) {
    testOnDisks(`on ${buildon} of ${kind}: the lock of the disk sees to one build`, async (folder) => {
      const comm = make();
      const work = newWork(folder, shared);
      const { role, value } = await call("jitOnComm", comm, work, { buildon });
      assert.is(value, work.value);
      // Whoever comes late finds what others have built.
      if (role !== "hit") assert.is(role, comm.rank === 0 ? "builder" : "waiter");
      const { builders, libraries } = see(folder);
      assert.is(builders.length, 1);
      assert.equal(libraries, { disk0: 1 });
      assert.is((await call("jitOnComm", comm, work, { buildon })).role, "hit");
      if (comm !== mpi.COMM_SELF) comm.free();
    });
  }
}

testOnDisks("on process of COMM_SELF, a disk for each rank", async (folder) => {
  const work = newWork(folder, apart);
  assert.is((await call("jitOnComm", mpi.COMM_SELF, work, { buildon: "process" })).role, "builder");
  assert.equal(see(folder).builders, RANKS);
});

for (const form of FORMS) {
  testOnDisks(`${form} on two communicators in turn`, async (folder) => {
    const dup = world.dup();
    const half = world.split(rank % 2, rank) as mpi.Communicator;
    for (const comm of [dup, half, dup, half]) {
      const work = newWork(folder, apart);
      assert.is((await call(form, comm, work, { buildon: "root" })).value, work.value);
      // The other communicator's processes have it, and know nothing of that.
      assert.equal((await call(form, comm === dup ? half : dup, work)).role, "hit");
    }
    const { builders, libraries } = see(folder);
    assert.is(builders.length, 2 + 2 * Math.min(2, size));
    assert.equal(libraries, onEachDisk(apart, 4));
    dup.free();
    half.free();
  });
}

testOnDisks("jitOnCommAsync on two communicators at the same time", async (folder) => {
  const comms = [world.dup(), world.dup()] as const;
  const works = comms.map(() => newWork(folder, shared));
  const all = comms.map((comm, i) => call("jitOnCommAsync", comm, works[i] as Work));
  assert.equal(
    (await Promise.all(all)).map(({ value }) => value),
    works.map(({ value }) => value),
  );
  assert.equal(see(folder).builders, [0, 0]);
  for (const comm of comms) comm.free();
});

testOnDisks("jitOnCommAsync several times at once on one communicator: one after another", async (folder) => {
  const comm = world.dup();
  const works = [0, 1, 2, 3].map(() => newWork(folder, shared));
  const order: number[] = [];
  const all = works.map(({ value, name, params, generate }, i) =>
    jitOnCommAsync(comm, value, name, params, async (given) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (i === 1) throw new Error("not this one");
      return generate(given);
    }).finally(() => order.push(i)),
  );
  const { value, name, params, generate } = works[0] as Work;
  const blocking = [
    () => jitOnComm(comm, value, name, params, generate),
    () => mpiJit({ comm, generate, params })(value),
    () => mpiJit({ comm, generate: () => ({ source: f(1) }), params })(() => 1),
  ];
  for (const each of blocking) {
    assertThrows(each, { code: "ERR_JIT_LOCK_TIMEOUT", message: "jitOnCommAsync is under way" });
  }
  const results = await Promise.allSettled(all);
  assert.equal(
    results.map((each) => each.status === "fulfilled" && each.value.library.func("int f()")()),
    works.map((work, i) => i !== 1 && work.value),
  );
  assert.equal(order, [0, 1, 2, 3]);
  assert.equal(see(folder).builders, [0, 0, 0]);
  assert.is(jitOnComm(comm, value, name, params, generate).role, "hit");
  comm.free();
});

testOnDisks("generate calls both forms on its own communicator while others wait for it", async (folder) => {
  const comm = world.dup();
  const [outer, inner, innermost, next] = [0, 1, 2, 3].map(() => newWork(folder, shared)) as [
    Work,
    Work,
    Work,
    Work,
  ];
  const generate = async (value: number) => {
    const dependencies = [
      (await call("jitOnCommAsync", comm, inner)).signature,
      (await call("jitOnComm", comm, innermost)).signature,
    ];
    assert.is(dependencies.length, 2);
    return outer.generate(value);
  };
  const first = jitOnCommAsync(comm, outer.value, outer.name, outer.params, generate, { deadline: 30 });
  const second = call("jitOnCommAsync", comm, next, { deadline: 30 });
  assert.is((await first).library.func("int f()")(), outer.value);
  assert.is((await second).value, next.value);
  assert.equal(see(folder).builders, [0, 0, 0, 0]);
  comm.free();
});

testOnDisks("the event loop goes on while others build", async (folder) => {
  const { value, name, params, generate } = newWork(folder, shared);
  let turns = 0;
  const counting = setInterval(() => turns++, 5);
  const slow = async (given: number) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return generate(given);
  };
  const { library } = await jitOnCommAsync(world, value, name, params, slow);
  clearInterval(counting);
  assert.is(library.func("int f()")(), value);
  assert.ok(turns >= 5, `${turns} turns`);
});

testOnDisks("generate is told what it is for", (folder) => {
  const { name, params: given } = newWork(folder, shared);
  const params = { ...given, generator: { degree: 2 } };
  const told: unknown[][] = [];
  const jitable = { some: "object" };
  const generate = (...args: unknown[]) => {
    told.push(args);
    return { source: f(1) };
  };
  const { signature } = jitOnComm(world, jitable, name, params, generate);
  assert.is(signature, jitSignature(name, params));
  assert.equal(told, rank === 0 ? [[jitable, name, signature, { degree: 2 }]] : []);
});

testOnDisks("mpiJit has all but the first argument", (folder) => {
  const { name, value, params, generate } = newWork(folder, apart);
  const build = mpiJit({
    comm: world,
    generate,
    name: (each: number) => `${name} ${each}`,
    params,
    buildon: "root",
  });
  assert.is(build(value).library.func("int f()")(), value);
  assert.is(build(value + 1).library.func("int f()")(), value + 1);
  assert.is(build(value).role, "hit");
  assert.equal(see(folder).builders, [0, 0]);
  // Its name by default.
  const plain = mpiJit({ comm: world, generate, params });
  assert.is(plain(value).signature, jitSignature(String(value), params));
});

testOnDisks("mpiJit has another library for each value that is another", (folder) => {
  const { params } = newWork(folder, shared);
  const built = new Map<string, unknown>();
  const generate = (value: unknown) => ({ source: `// ${String(value)}\n${f(1)}` });
  const build = mpiJit<unknown>({ comm: world, generate, params });
  const values = [
    Infinity,
    -Infinity,
    NaN,
    null,
    undefined,
    "null",
    [undefined],
    [null],
    new Map([["a", 1]]),
  ];
  for (const value of [...values, new Map([["a", 2]]), new Set([1]), {}, { n: 1n }, new Date(5), -0, 0]) {
    const { signature, role } = build(value);
    assert.not(built.has(signature), `${String(built.get(signature))} and ${String(value)}`);
    assert.is.not(role, "hit");
    built.set(signature, value);
  }
  assert.is(build({ b: [1], a: "x" }).signature, build({ a: "x", b: [1] }).signature);
  assert.is(build("x").signature, jitSignature('"x"', params));
  const long = Array.from({ length: 500 }, (_, i) => i);
  assert.is(build(long).signature, jitSignature(hashit(long), params));
  assertThrows(() => build(() => 1), { code: "ERR_INVALID_ARG_TYPE", argument: "jitable" });
});

test("mpiJit wants options", () => {
  for (const options of [undefined, null, 5]) {
    assertThrows(() => mpiJit(options as never), { code: "ERR_INVALID_ARG_TYPE", argument: "options" });
  }
});

testOnDisks('agree: "local" asks nobody for what is there', (folder) => {
  const { value, name, params, generate } = newWork(folder, shared);
  const call = (agree: "all" | "local") => jitOnComm(world, value, name, params, generate, { agree });
  const first = call("local");
  assert.is(first.role, rank === 0 ? "builder" : "waiter");
  // One rank alone: if it asked, it would wait for the others.
  if (rank === size - 1) {
    const { role, library } = call("local");
    assert.is(role, "hit");
    assert.is(library, first.library);
  }
  world.barrier();
  assert.is(call("all").library, first.library);
});

testOnDisks("nothing is built in the current directory, and the cache may be far below", (folder) => {
  const { value, name, generate } = newWork(folder, shared);
  const cacheDir = join(folder, "disk0", "far", "below");
  const { library } = jitOnComm(world, value, name, { cache: { cacheDir } }, generate);
  assert.is(library.func("int f()")(), value);
  assert.ok(library.path.startsWith(cacheDir), library.path);
});

test("arguments are checked on each rank", () => {
  const refused = (argument: string, code: string, call: () => unknown) =>
    assertThrows(call, { code, argument });
  const generate = () => ({ source: f(1) });
  const type = "ERR_INVALID_ARG_TYPE";
  const range = "ERR_OUT_OF_RANGE";
  for (const comm of [undefined, null, {}, 1]) {
    refused("comm", type, () => jitOnComm(comm as never, 1, "name", {}, generate));
  }
  refused("name", type, () => jitOnComm(world, 1, 1 as never, {}, generate));
  refused("generate", type, () => jitOnComm(world, 1, "name", {}, undefined as never));
  const option = (options: object) => () => jitOnComm(world, 1, "name", {}, generate, options);
  refused("buildon", range, option({ buildon: "nobody" }));
  refused("options.agree", range, option({ agree: "never" }));
  for (const deadline of [0, -1, Number.NaN, "1"]) refused("options.deadline", range, option({ deadline }));
  for (const signal of [null, 5, "abort", {}]) refused("options.signal", type, option({ signal }));
  for (const options of [null, 5]) refused("options", type, option(options as never));
});

testOnDisks("options are checked as well where all have agreed before", async (folder) => {
  const { value, name, params, generate } = newWork(folder, shared);
  const call = (options: object) => jitOnComm(world, value, name, params, generate, options);
  for (let i = 0; i < 3; i++) call({});
  const [type, range] = ["ERR_INVALID_ARG_TYPE", "ERR_OUT_OF_RANGE"];
  for (const [argument, code, options] of [
    ["options.signal", type, { signal: 5 }],
    ["options.deadline", range, { deadline: 0 }],
    ["options.agree", range, { agree: "never" }],
    ["buildon", range, { buildon: "nobody" }],
  ] as const) {
    assertThrows(() => call(options), { code, argument });
  }
  const later = jitOnCommAsync(world, value, name, params, generate, { signal: 5 as never });
  await assertRejects(later, { code: type, argument: "options.signal" });
  assert.is(call({}).role, "hit");
});

test(
  "an intercommunicator is refused",
  () => {
    const half = world.split(Number(rank > 0), rank) as mpi.Communicator;
    const inter = half.createIntercomm(0, world, rank > 0 ? 0 : 1);
    assertThrows(() => jitOnComm(inter as never, 1, "name", {}, () => ({ source: f(1) })), {
      code: "ERR_INVALID_ARG_TYPE",
      argument: "comm",
    });
    inter.free();
    half.free();
  },
  needsTwo,
);
