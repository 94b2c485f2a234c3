import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import {
  type BuildOn,
  JitError,
  jit,
  jitOnComm,
  jitOnCommAsync,
  jitSignature,
  mpiJit,
} from "../../../src/jit/index.js";
import { agree } from "../../../src/jit/roles/agreement.js";
import { endless } from "../../../src/jit/roles/waiting.js";
import { runSync } from "../../../src/jit/steps.js";
import { assertRejects, assertThrows } from "../../harness/ranks.js";
import {
  apart,
  LAYOUTS,
  type Layout,
  lowestOn,
  needsTwo,
  newWork,
  see,
  shared,
  testOnDisks,
  type Work,
} from "./disks.js";

// What goes wrong on one rank is thrown on all of them, and the communicator can be used on.

const world = mpi.COMM_WORLD;
const { rank, size } = world;
const last = size - 1;

/** What is thrown. */
function thrownBy(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

function callTogether(folder: string, layout: Layout = shared): void {
  const { value, name, params, generate } = newWork(folder, layout);
  const { library } = jitOnComm(world, value, name, params, generate);
  assert.is(library.func("int f()")(), value);
}

for (const [disks, layout] of LAYOUTS) {
  for (const buildon of ["root", "node"] satisfies BuildOn[]) {
    const isBuilder = rank === (buildon === "root" ? 0 : lowestOn(layout, layout(rank)));

    testOnDisks(`generate throws: on ${buildon}, ${disks}`, async (folder) => {
      const { name, params } = newWork(folder, layout);
      const generate = () => {
        throw new RangeError("no code today");
      };
      const check = (error: Error): void => {
        assert.is(error.message, isBuilder ? "no code today" : "Rank 0: no code today");
        if (isBuilder) assert.instance(error, RangeError);
        else assert.is((error as JitError).code, "ERR_JIT_NOT_BUILT");
      };
      check(thrownBy(() => jitOnComm(world, null, name, params, generate, { buildon })));
      const later = jitOnCommAsync(world, null, name, params, generate, { buildon });
      check(
        await later.then(
          () => new Error("nothing was thrown"),
          (error) => error,
        ),
      );
      callTogether(folder, layout);
      assert.equal(see(folder).leftovers, []);
    });

    testOnDisks(`a compile error: on ${buildon}, ${disks}`, (folder) => {
      const { name, params, cacheDir } = newWork(folder, layout);
      const generate = () => ({ source: "int f() { return unheard_of; }\n" });
      const call = () => jitOnComm(world, null, name, params, generate, { buildon });
      const error = thrownBy(call) as JitError;
      assert.instance(error, JitError);
      assert.is(error.code, "ERR_JIT_COMPILE");
      assert.match(error.message, "unheard_of");
      assert.match(error.output ?? "", "unheard_of");
      const { failures, libraries, leftovers } = see(folder);
      assert.equal(failures, [`jitfailure-${error.signature}`]);
      assert.is(error.failDir, join(folder, "failures", failures[0] as string));
      assert.match(readFileSync(join(error.failDir as string, "error.log"), "utf8"), "unheard_of");
      assert.is(
        Object.values(libraries).every((count) => count === 0),
        true,
      );
      assert.equal(leftovers, []);
      assert.ok(!readdirSync(folder).includes(`jitfailure-${error.signature}`), cacheDir);
      callTogether(folder, layout);
    });
  }
}

testOnDisks("what is thrown need not be an error", (folder) => {
  for (const thrown of ["a text", 5, null, undefined]) {
    const { name, params } = newWork(folder, shared);
    const generate = () => {
      throw thrown;
    };
    let isThrown = false;
    try {
      jitOnComm(world, null, name, params, generate, { deadline: 5 });
    } catch (error) {
      isThrown = true;
      if (rank > 0) assert.is((error as JitError).code, "ERR_JIT_NOT_BUILT");
    }
    assert.ok(isThrown);
  }
  callTogether(folder);
});

testOnDisks("generate returns no code", (folder) => {
  const { name, params } = newWork(folder, shared);
  for (const made of [undefined, {}, { source: "" }, Promise.resolve({ source: "int f();" })]) {
    const error = thrownBy(() => jitOnComm(world, null, name, params, () => made as never));
    assert.is((error as JitError).code, rank === 0 ? "ERR_INVALID_ARG_TYPE" : "ERR_JIT_NOT_BUILT");
    assert.match(error.message, "generate");
  }
  callTogether(folder);
});

testOnDisks("one builder of several fails", (folder) => {
  const { value, name, params, generate } = newWork(folder, apart);
  const failing = () => {
    throw new Error(`rank ${rank} cannot`);
  };
  const call = (which: typeof generate) => jitOnComm(world, value, name, params, which);
  const error = thrownBy(() => call(rank === last ? failing : generate));
  assert.is(error.message, rank === last ? `rank ${last} cannot` : `Rank ${last}: rank ${last} cannot`);
  // The others have built it in vain, but not for ever: it is given to the one that lacks it.
  const { role, library } = call(generate);
  assert.is(role, size === 1 ? "builder" : rank === last ? "receiver" : "hit");
  assert.is(library.func("int f()")(), value);
});

testOnDisks("a rank that has no compiler", (folder) => {
  const { value, name, params: given, generate } = newWork(folder, shared);
  const params = { ...given, ...(rank === last ? { build: { cxx: "/nowhere/c++" } } : {}) };
  assertThrows(() => jitOnComm(world, value, name, params, generate, { deadline: 10 }), {
    code: "ERR_JIT_COMPILER_NOT_FOUND",
    message: "/nowhere/c++",
  });
  callTogether(folder);
});

const WRONG: Record<string, (call: typeof jitOnComm, work: Work) => unknown> = {
  name: (call, { params, generate }) => call(world, 1, 7 as never, params, generate),
  generate: (call, { name, params }) => call(world, 1, name, params, "code" as never),
  buildon: (call, { name, params, generate }) =>
    call(world, 1, name, params, generate, { buildon: "nobody" as never }),
  "params.cache": (call, { name, generate }) =>
    call(world, 1, name, { cache: { nothing: 1 } as never }, generate),
  "params.build": (call, { name, generate }) => call(world, 1, name, { build: null as never }, generate),
  options: (call, { name, params, generate }) => call(world, 1, name, params, generate, null as never),
  "a signal that is aborted": (call, { name, params, generate }) =>
    call(world, 1, name, params, generate, {
      signal: AbortSignal.abort(new Error("a signal that is aborted")),
    }),
  "the name of mpiJit": (_, { params, generate }) => {
    const name = () => {
      throw new Error("the name of mpiJit");
    };
    return mpiJit({ comm: world, generate, name, params })(1);
  },
  "options.name": (_, { params, generate }) => mpiJit({ comm: world, generate, name: 5 as never, params })(1),
  "jitable.f": (_, { params, generate }) =>
    mpiJit({ comm: world, generate: generate as never, params })({ f: () => 1 }),
};
for (const [argument, callWrongly] of Object.entries(WRONG)) {
  testOnDisks(`an argument that is wrong on one rank is told to all: ${argument}`, (folder) => {
    const work = newWork(folder, shared);
    const { value, name, params, generate } = work;
    const error = thrownBy(() =>
      rank === last ? callWrongly(jitOnComm, work) : jitOnComm(world, value, name, params, generate),
    );
    if (rank === last) assert.not.match(error.message, /^Rank/);
    else assert.match(error.message, new RegExp(`^Rank ${last}: .*${argument.split(".").at(-1)}`));
    assert.equal(see(folder).builders, []);
    callTogether(folder);
  });
}

testOnDisks(
  "a signal that is aborted before a call of the asynchronous form is told to all",
  async (folder) => {
    const { value, name, params, generate } = newWork(folder, shared);
    const signal = AbortSignal.abort(Object.assign(new Error("changed my mind"), { code: "ERR_OURS" }));
    // Also where the others have agreed before.
    for (let i = 0; i < 2; i++) {
      const begun = performance.now();
      const call = jitOnCommAsync(world, value, name, params, generate, rank === last ? { signal } : {});
      await assertRejects(
        call,
        rank === last
          ? { code: "ERR_OURS", message: /^changed/ }
          : { code: "ERR_JIT_NOT_BUILT", message: `Rank ${last}: changed my mind` },
      );
      assert.ok(performance.now() - begun < 5000);
      jitOnComm(world, value, name, params, generate);
    }
    // Nobody is asked for what is there, so nobody is to be told.
    const options = { signal, agree: "local" } as const;
    const { role } = await jitOnCommAsync(world, value, name, params, generate, options);
    assert.is(role, "hit");
    assert.is(jitOnComm(world, value, name, params, generate, options).role, "hit");
  },
);

testOnDisks("a rank that cannot load what was built", (folder) => {
  const { value, name, params, generate } = newWork(folder, apart);
  // The last rank has another build of it in memory, from another cache.
  if (rank === last) jit(value + 1, name, { cache: { cacheDir: join(folder, "elsewhere") } }, { generate });
  world.barrier();
  const error = thrownBy(() => jitOnComm(world, value, name, params, generate)) as JitError;
  assert.is(error.code, "ERR_JIT_STALE");
  assert.match(error.message, rank === last ? /^library/ : new RegExp(`^Rank ${last}: library`));
  callTogether(folder);
});

testOnDisks("a rank whose cache is below a file", (folder) => {
  const { value, name, params: given, generate } = newWork(folder, shared);
  const file = join(folder, "file");
  if (rank === last) writeFileSync(file, "");
  const cacheDir = join(file, "cache");
  const params = rank === last ? { cache: { ...given.cache, cacheDir } } : given;
  assertThrows(() => jitOnComm(world, value, name, params, generate), {
    code: "ERR_JIT_CACHE",
    message: `Rank ${last} cannot write`,
  });
  callTogether(folder);
  assert.equal(see(folder).leftovers, []);
});

/** The part that a rank did not do: MPICH waits for all collective operations when it ends. */
function catchUp(comm: mpi.Communicator, { name, params }: Work): void {
  const asked = jitSignature(name, params);
  runSync(agree(comm, { asked, source: undefined, knowsNodes: false }, endless));
}

/** A communicator that was given up is refused at once, in a call that is right and in one that is not. */
function assertSpent(comm: mpi.Communicator, { value, name, params, generate }: Work): void {
  for (const given of [name, 7 as never]) {
    assertThrows(() => jitOnComm(comm, value, given, params, generate), {
      code: "ERR_JIT_DEADLINE",
      message: "an earlier call on this communicator",
    });
  }
}

const FORMS = {
  jitOnComm: async (...args: Parameters<typeof jitOnComm<number>>) => jitOnComm(...args),
  jitOnCommAsync: jitOnCommAsync<number>,
};

for (const [form, call] of Object.entries(FORMS)) {
  testOnDisks(
    `${form}: a rank that does not call, and a deadline`,
    async (folder) => {
      const comm = world.dup();
      const work = newWork(folder, shared);
      const { value, name, params, generate } = work;
      if (rank !== last) {
        const begun = performance.now();
        const waiting = call(comm, value, name, params, generate, { deadline: 0.2 });
        await assertRejects(waiting, { code: "ERR_JIT_DEADLINE", message: "cannot be used any more" });
        const seconds = (performance.now() - begun) / 1000;
        assert.ok(seconds > 0.15 && seconds < 5, `${seconds} s`);
        assertSpent(comm, work);
        const again = jitOnCommAsync(comm, value, name, params, generate);
        await assertRejects(again, { code: "ERR_JIT_DEADLINE", message: "an earlier call" });
      }
      assert.equal(see(folder).builders, []);
      callTogether(folder);
      if (rank === last) catchUp(comm, work);
    },
    needsTwo,
  );
}

testOnDisks(
  "jitOnCommAsync: a rank that does not call, and a signal",
  async (folder) => {
    const comm = world.dup();
    const work = newWork(folder, shared);
    const { value, name, params, generate } = work;
    if (rank !== last) {
      const controller = new AbortController();
      const reason = Object.assign(new Error("no more patience"), { code: "ERR_OURS" });
      setTimeout(() => controller.abort(reason), 100);
      const waiting = jitOnCommAsync(comm, value, name, params, generate, { signal: controller.signal });
      assert.is(await assertRejects(waiting, { code: "ERR_OURS" }), reason);
      assertSpent(comm, work);
    }
    assert.equal(see(folder).builders, []);
    callTogether(folder);
    if (rank === last) catchUp(comm, work);
  },
  needsTwo,
);

testOnDisks(
  "a builder that takes longer than the others wait",
  async (folder) => {
    const comm = world.dup();
    const work = newWork(folder, shared);
    const { value, name, params, generate } = work;
    const slow = async (given: number) => {
      await pause(400);
      return generate(given);
    };
    // The builder then finds that the others have left.
    const deadline = rank === 0 ? 1.5 : 0.2;
    const call = jitOnCommAsync(comm, value, name, params, slow, { deadline });
    await assertRejects(call, { code: "ERR_JIT_DEADLINE" });
    world.barrier();
    // It was built all the same, and is there for the next call.
    assert.is(jitOnComm(world, value, name, params, generate).role, "hit");
    assert.equal(see(folder).builders, [0]);
    if (rank > 0) catchUp(comm, work);
  },
  needsTwo,
);
