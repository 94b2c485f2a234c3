import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { engine } from "../../../src/ffi/index.js";
import { MpiError, mpi } from "../../../src/index.js";
import { assertThrows, test } from "../../harness/ranks.js";

// The order matters: before, during and after MPI.

test("importing and asking initializes nothing", () => {
  assert.is(mpi.initialized(), false);
  assert.is(mpi.finalized(), false);
  const [major, minor] = mpi.version();
  assert.ok(Number.isInteger(major) && major >= 3 && Number.isInteger(minor) && minor >= 0);
  assert.ok(mpi.libraryVersion().length > 3);
  assert.is(mpi.initialized(), false);
});

test("library tells what was loaded", () => {
  const { path, reason, abi, vendor, version, ffi } = mpi.library();
  assert.ok(existsSync(path) || !path.includes("/"), path);
  assert.ok(reason.length > 0);
  assert.ok(["mpich", "openmpi", "msmpi", "standard"].includes(abi), abi);
  assert.ok(vendor.length > 0);
  assert.match(version, /^\d+\.\d+/);
  assert.ok(mpi.libraryVersion().includes(version));
  assert.is(ffi, process.env["TYPED_MPI_FFI"] ?? "koffi");
  assert.is(mpi.initialized(), false);
});

test("finalize before init is an error", () => {
  assertThrows(() => mpi.finalize(), { code: "ERR_MPI_NOT_INITIALIZED", name: "MpiError" });
  assert.is(mpi.finalized(), false);
});

test("init refuses what is no thread level", () => {
  for (const level of ["", "MULTIPLE", "double", 3, null, {}, Symbol("x")]) {
    assertThrows(() => mpi.init(level as "multiple"), { code: "ERR_INVALID_ARG_TYPE", argument: "level" });
  }
  assert.is(mpi.initialized(), false);
});

test("init returns the level that was granted, and works once", () => {
  const level = mpi.init("serialized");
  assert.ok(["single", "funneled", "serialized", "multiple"].includes(level));
  assert.is(mpi.threadLevel(), level);
  assert.is(mpi.initialized(), true);
  assert.is(mpi.finalized(), false);
  const error = assertThrows(() => mpi.init(), { code: "ERR_MPI_INITIALIZED", name: "MpiError" });
  assert.instance(error, MpiError);
  assertThrows(() => mpi.init("single"), { code: "ERR_MPI_INITIALIZED" });
  assert.is(mpi.threadLevel(), level);
  assert.is(mpi.isThreadMain(), true);
});

test("every rank is one of the job that the launcher started", () => {
  const size = process.env["OMPI_COMM_WORLD_SIZE"] ?? process.env["PMI_SIZE"];
  if (size !== undefined) assert.is(mpi.size(), Number(size));
  const rank = process.env["OMPI_COMM_WORLD_RANK"] ?? process.env["PMI_RANK"];
  if (rank !== undefined) assert.is(mpi.rank(), Number(rank));
});

const glibc = engine().load(null);
const elsewhere = glibc.has("malloc_info") ? undefined : "the C library is not glibc";

/** How many more blocks lie in glibc's fast bins after `work`. */
function moreInFastBins(work: () => void): number {
  const folder = mkdtempSync(join(tmpdir(), "malloc-"));
  try {
    const [name, mode] = [Buffer.from(`${folder}/info\0`), Buffer.from("w\0")];
    const file = glibc.func("fopen", "pointer", ["pointer", "pointer"])(name, mode);
    // Without a buffer: to allocate one would empty the bins.
    glibc.func("setvbuf", "int32", ["pointer", "pointer", "int32", "uint64"])(file, null, 2, 0);
    const tell = glibc.func("malloc_info", "int32", ["int32", "pointer"]);
    tell(0, file);
    work();
    tell(0, file);
    glibc.func("fclose", "int32", ["pointer"])(file);
    const text = readFileSync(`${folder}/info`, "utf8");
    const [before, after] = text.split("</malloc>").map((info) => {
      const totals = [...info.matchAll(/<total type="fast" count="(\d+)"/g)];
      return Number(totals.at(-1)?.[1]);
    });
    return (after as number) - (before as number);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test(
  "beside MPICH glibc puts nothing into its fast bins, which it would have to empty again and again",
  () => {
    const malloc = glibc.func("malloc", "pointer", ["uint64"]);
    const free = glibc.func("free", "void", ["pointer"]);
    const blocks = Array.from({ length: 100 }, () => malloc(40));
    const more = moreInFastBins(() => {
      for (const block of blocks) free(block);
    });
    if (mpi.library().abi === "mpich") assert.ok(more <= 0, `${more} more`);
    else assert.ok(more > 0, `${more} more`);
  },
  { skip: elsewhere },
);

test("wtime goes forward, in seconds", async () => {
  assert.ok(mpi.wtick() > 0 && mpi.wtick() < 1);
  let last = mpi.wtime();
  for (let i = 0; i < 1000; i++) {
    const now = mpi.wtime();
    assert.ok(now >= last);
    last = now;
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  const passed = mpi.wtime() - last;
  assert.ok(passed >= 0.045 && passed < 30, `${passed}`);
});

test("processorName is the name of this host", () => {
  const name = mpi.processorName();
  assert.ok(name.length > 0);
  assert.is(name.split(".")[0], hostname().split(".")[0]);
});

test("abort refuses what is no exit code, and the job goes on", () => {
  for (const code of ["1", null, 0.5, Number.NaN, 1n, 2 ** 40]) {
    const expected = typeof code === "number" ? "ERR_OUT_OF_RANGE" : "ERR_INVALID_ARG_TYPE";
    assertThrows(() => mpi.abort(code as number), { code: expected, argument: "code" });
  }
  mpi.barrier();
});

test("after finalize every call is ERR_MPI_FINALIZED", () => {
  const { COMM_WORLD: world, COMM_SELF: self, Request } = mpi;
  const made = self.dup();
  const group = self.group();
  const array = new Float64Array(1);
  const two = new Float64Array(1);
  const status = self.sendrecv(array, 0, 0, two, 0, 0);
  const complete = self.isend(array, mpi.PROC_NULL);
  const completed = complete.wait();
  const waiting = self.isend(array, mpi.PROC_NULL);

  mpi.finalize();
  assert.is(mpi.finalized(), true);
  assert.is(mpi.initialized(), true);

  const calls: Record<string, () => unknown> = {
    finalize: () => mpi.finalize(),
    init: () => mpi.init(),
    abort: () => mpi.abort(3),
    threadLevel: () => mpi.threadLevel(),
    isThreadMain: () => mpi.isThreadMain(),
    wtime: () => mpi.wtime(),
    wtick: () => mpi.wtick(),
    processorName: () => mpi.processorName(),
    rank: () => mpi.rank(),
    size: () => mpi.size(),
    "made.rank": () => made.rank,
    isInter: () => world.isInter,
    name: () => world.name,
    "name=": () => {
      world.name = "x";
    },
    dup: () => world.dup(),
    split: () => world.split(0),
    splitType: () => world.splitType(mpi.COMM_TYPE_SHARED),
    group: () => world.group(),
    create: () => self.create(group),
    createGroup: () => self.createGroup(group),
    compare: () => world.compare(self),
    free: () => made.free(),
    "free of COMM_WORLD": () => world.free(),
    send: () => mpi.send(array, 0),
    "send to PROC_NULL": () => mpi.send(array, mpi.PROC_NULL),
    "send to nobody": () => mpi.send({ data: array, count: 0 }, mpi.PROC_NULL),
    recv: () => mpi.recv(array, 0),
    sendrecv: () => mpi.sendrecv(array, 0, 0, two, 0, 0),
    isend: () => mpi.isend(array, 0),
    irecv: () => mpi.irecv(array, 0),
    probe: () => mpi.probe(),
    iprobe: () => mpi.iprobe(),
    wait: () => mpi.wait(waiting),
    test: () => mpi.test(waiting),
    cancel: () => waiting.cancel(),
    "request.free": () => waiting.free(),
    waitAll: () => mpi.waitAll([waiting]),
    testAll: () => mpi.testAll([waiting]),
    waitAny: () => mpi.waitAny([waiting]),
    testAny: () => mpi.testAny([waiting]),
    waitSome: () => mpi.waitSome([waiting]),
    testSome: () => mpi.testSome([waiting]),
    "waitAll of none": () => Request.waitAll([]),
    barrier: () => mpi.barrier(),
    bcast: () => mpi.bcast(array),
    gather: () => self.gather(array, two),
    scatter: () => self.scatter(array, two),
    allgather: () => self.allgather(array, two),
    reduce: () => self.reduce(array, two),
    "reduce of a number": () => self.reduce(1),
    allreduce: () => self.allreduce(array, two),
    "allreduce of a number": () => self.allreduce(1),
    "allreduce in place": () => self.allreduce(mpi.IN_PLACE, two),
    scan: () => self.scan(array, two),
    exscan: () => self.exscan(array, two),
    "group.size": () => group.size,
    "group.rank": () => group.rank,
    "group.incl": () => group.incl([0]),
    "group.compare": () => group.compare(group),
    "group.free": () => group.free(),
    "type.size": () => mpi.LONG_DOUBLE.size,
    "status.count": () => status.count(),
    "status.byteLength": () => status.byteLength,
    "status.cancelled": () => status.cancelled,
  };
  for (const [name, call] of Object.entries(calls)) {
    try {
      assertThrows(call, { code: "ERR_MPI_FINALIZED", name: "MpiError" });
    } catch (error) {
      throw new Error(`${name} after finalize`, { cause: error });
    }
  }
  // What was known before is still known.
  assert.is(status.source, 0);
  assert.is(complete.wait(), completed);
  assert.is(mpi.finalized(), true);
  assert.ok(mpi.version()[0] >= 3);
  assert.ok(mpi.libraryVersion().length > 3);
  assert.ok(mpi.library().path.length > 0);
});
