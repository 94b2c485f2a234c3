import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MAIN } from "../cli/command.js";
import { leftovers, librariesIn, newFolder } from "./caches.js";
import { compilerThat, linesOf, processesWith, runProgram, start, until } from "./processes.js";
import type { Request } from "./program.js";

// What goes wrong on disks and in processes, done for real. The good outcome is always the same: a right library
// or a typed error, the next run heals, and nothing is left over.

/** A request in a cache of its own. */
function request(more: Partial<Request> = {}): Request & { cacheDir: string; journal: string } {
  const folder = newFolder();
  const cacheDir = join(folder, "cache");
  const own = { cacheDir, failDirRoot: join(folder, "failures"), overlayDir: join(folder, "overlay") };
  const cache = { ...own, ...more.params?.cache };
  const params = { ...more.params, cache };
  return { name: "fault", value: 11, journal: join(folder, "journal"), ...more, params, cacheDir };
}

const onlyFile = (folder: string): string => join(folder, readdirSync(folder)[0] as string);

const faults = suite("faults");

faults("eight programs on one key: one compiles", async () => {
  const asked = request({ generating: 50 });
  const all = await Promise.all(
    Array.from({ length: 8 }, (_, i) => start({ ...asked, isAsync: i % 2 === 0 }).ended),
  );
  for (const { answer, stderr } of all) assert.is(answer?.value, 11, `${JSON.stringify(answer)}${stderr}`);
  assert.is(linesOf(asked.journal), 1);
  assert.is(librariesIn(asked.cacheDir).length, 1);
  assert.equal(leftovers(asked.cacheDir), []);
});

faults("eight programs, and the cache is cleaned in a loop meanwhile", async () => {
  const folder = newFolder();
  const isGoing = join(folder, "going");
  writeFileSync(isGoing, "");
  const asked = request();
  const programs = Array.from({ length: 8 }, () => start(asked));
  const cleaner = (async () => {
    while (existsSync(isGoing)) {
      const child = spawn(process.execPath, [MAIN, "cache", "--cache-dir", asked.cacheDir, "clean"], {
        stdio: "ignore",
      });
      await new Promise((resolve) => child.on("close", resolve));
    }
  })();
  const all = await Promise.all(programs.map(({ ended }) => ended));
  rmSync(isGoing);
  await cleaner;
  for (const { answer, stderr } of all) assert.is(answer?.value, 11, `${JSON.stringify(answer)}${stderr}`);
  assert.is(runProgram(asked).answer.value, 11);
  assert.equal(leftovers(asked.cacheDir), []);
});

faults("kill -9 in generate: who waits takes over", async () => {
  const asked = request();
  const victim = start({ ...asked, dies: true, generating: 0 });
  assert.is((await victim.ended).signal, "SIGKILL");
  const dying = start({ ...asked, generating: 100_000 });
  await until(() => linesOf(asked.journal) === 2, "the second generation");
  const heir = start(asked);
  dying.child.kill("SIGKILL");
  assert.is((await heir.ended).answer?.value, 11);
  assert.is(linesOf(asked.journal), 3);
  assert.equal(leftovers(asked.cacheDir), []);
});

for (const isAsync of [false, true]) {
  faults(
    `kill -9 in the compiler: its processes die, the next run builds${isAsync ? " (async)" : ""}`,
    async () => {
      const marker = `marker-${process.pid}-${isAsync}`;
      const asked = request({ isAsync });
      const cxx = compilerThat(`sh -c 'exec sleep 1000' ${marker}`);
      const victim = start({ ...asked, params: { ...asked.params, build: { cxx } } });
      await until(() => processesWith(cxx).length > 0, "the compiler");
      victim.child.kill("SIGKILL");
      await victim.ended;
      await until(() => processesWith(cxx).length === 0, "the compiler's end");
      writeFileSync(cxx, '#!/bin/sh\nexec c++ "$@"\n');
      assert.is(runProgram({ ...asked, params: { ...asked.params, build: { cxx } } }).answer.value, 11);
      assert.equal(
        leftovers(asked.cacheDir).filter((file) => !file.startsWith("temp/")),
        [],
      );
    },
  );
}

const DAMAGES: Record<string, (library: string) => void> = {
  "truncated to half": (library) => truncateSync(library, readFileSync(library).length >> 1),
  "of length zero": (library) => truncateSync(library, 0),
  "with a page of zeros": (library) => {
    const bytes = readFileSync(library);
    bytes.fill(0, 4096, 8192);
    writeFileSync(library, bytes);
  },
  "with one bit flipped": (library) => {
    const bytes = readFileSync(library);
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    writeFileSync(library, bytes);
  },
  "for another machine": (library) => {
    const bytes = readFileSync(library);
    bytes[18] = 183; // e_machine: AArch64
    writeFileSync(library, bytes);
  },
  deleted: (library) => rmSync(library),
  "replaced by a directory": (library) => {
    rmSync(library);
    mkdirSync(library);
  },
};
for (const [what, damage] of Object.entries(DAMAGES)) {
  faults(`a library ${what}: not loaded but built anew`, () => {
    const asked = request();
    assert.is(runProgram(asked).answer.value, 11);
    damage(onlyFile(join(asked.cacheDir, "lib")));
    const { answer } = runProgram(asked);
    assert.is(answer.value, 11, JSON.stringify(answer));
    assert.is(linesOf(asked.journal), 2);
    assert.is(runProgram(asked).answer.generated, 0);
  });
}

const TORN: Record<string, string> = {
  empty: "",
  half: '{"format":1,"signature":"fa',
  other: '{"format":99}',
};
for (const [what, text] of Object.entries(TORN)) {
  faults(`a manifest that is ${what}: a miss`, () => {
    const asked = request();
    runProgram(asked);
    writeFileSync(onlyFile(join(asked.cacheDir, "manifest")), text);
    assert.is(runProgram(asked).answer.value, 11);
    assert.is(linesOf(asked.journal), 2);
  });
}

/** Runs `body` with a file system of `size` at `folder`. */
function onSmallDisk(folder: string, options: string, body: () => void): void {
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { encoding: "utf8" });
  assert.is(mounted.status, 0, mounted.stderr);
  try {
    body();
  } finally {
    spawnSync("umount", [folder]);
  }
}

const isRoot = process.getuid?.() === 0 && process.platform === "linux";
const asRoot = isRoot ? faults : faults.skip;

asRoot("a full disk: built elsewhere, with a warning", () => {
  const asked = request();
  onSmallDisk(asked.cacheDir, "size=8k,mode=755", () => {
    const { answer, stderr } = runProgram(asked);
    assert.is(answer.value, 11, JSON.stringify(answer));
    assert.match(stderr, /building elsewhere/);
    assert.equal(leftovers(asked.cacheDir), []);
  });
});

asRoot("a disk that is too small for the source alone", () => {
  const asked = request({ source: `extern "C" int f() { return 11; }\n//${"x".repeat(100_000)}\n` });
  onSmallDisk(asked.cacheDir, "size=40k,mode=755", () => {
    const { answer, stderr } = runProgram(asked);
    assert.is(answer.value, 11, JSON.stringify(answer));
    assert.match(stderr, /building elsewhere/);
  });
});

asRoot("a read-only cache: hits work, what is missing is built in an overlay, once", () => {
  const asked = request();
  onSmallDisk(asked.cacheDir, "size=1m,mode=755", () => {
    runProgram(asked);
    spawnSync("mount", ["-o", "remount,ro", asked.cacheDir]);
    const overlayDir = join(newFolder(), "overlay");
    const params = { ...asked.params, cache: { ...asked.params.cache, overlayDir } };
    assert.is(runProgram({ ...asked, params }).answer.generated, 0);
    const other = { ...asked, params, name: "other", value: 12 };
    assert.is(runProgram(other).answer.value, 12);
    assert.is(runProgram(other).answer.generated, 0);
    assert.is(librariesIn(overlayDir).length, 1);
  });
});

asRoot("a directory of somebody else, or that others may write: refused, with what to do", () => {
  const asked = request();
  runProgram(asked);
  const library = onlyFile(join(asked.cacheDir, "lib"));
  for (const [path, spoil, mend, remedy] of [
    [
      asked.cacheDir,
      () => chmodSync(asked.cacheDir, 0o777),
      () => chmodSync(asked.cacheDir, 0o755),
      /chmod -R go-w/,
    ],
    [
      asked.cacheDir,
      () => chownSync(asked.cacheDir, 65534, 65534),
      () => chownSync(asked.cacheDir, 0, 0),
      /chown/,
    ],
    [
      join(asked.cacheDir, "lib"),
      () => chmodSync(join(asked.cacheDir, "lib"), 0o775),
      () => chmodSync(join(asked.cacheDir, "lib"), 0o755),
      /chmod -R go-w/,
    ],
    [library, () => chownSync(library, 65534, 65534), () => chownSync(library, 0, 0), /own/],
  ] as const) {
    spoil();
    const { answer } = runProgram(asked);
    // A file that is not to be trusted may also be taken for a miss, and replaced.
    if (path === library && answer.error === undefined) assert.is(answer.generated, 1);
    else {
      assert.is(answer.error?.code, "ERR_JIT_UNSAFE_CACHE", JSON.stringify(answer));
      assert.match(answer.error?.message as string, remedy);
      assert.ok(answer.error?.message.includes(path));
    }
    if (existsSync(path)) mend();
    assert.is(runProgram(asked).answer.value, 11);
  }
});

faults("a compiler that hangs is killed at the deadline, with its children", () => {
  const cxx = compilerThat("sleep 1000");
  const asked = request({ params: { build: { cxx, timeout: 0.5 } } });
  const { answer } = runProgram(asked);
  assert.is(answer.error?.code, "ERR_JIT_COMPILER_TIMEOUT");
  assert.equal(processesWith(cxx), []);
  assert.equal(leftovers(asked.cacheDir), []);
});

faults("a compiler that never stops to mutter is killed at the deadline", () => {
  const cxx = compilerThat("i=0; while [ $i -lt 4000 ]; do printf .; sleep 0.003; i=$((i+1)); done");
  const started = Date.now();
  const { answer } = runProgram(request({ params: { build: { cxx, timeout: 0.5 } } }));
  assert.is(answer.error?.code, "ERR_JIT_COMPILER_TIMEOUT");
  assert.ok(Date.now() - started < 10_000, "it was waited for");
});

const LIES: Record<string, [string, string]> = {
  "ends well without output": ["exit 0", "ERR_JIT_COMPILER_OUTPUT"],
  "writes bytes that are no text, and fails": [
    "printf '\\377\\376\\000error: what' >&2; exit 3",
    "ERR_JIT_COMPILE",
  ],
  "never stops to write": ["yes error | head -c 1000000000; exit 0", "ERR_JIT_COMPILER_OUTPUT"],
  dies: ["kill -SEGV $$", "ERR_JIT_COMPILE"],
};
for (const [what, [line, code]] of Object.entries(LIES)) {
  faults(`a compiler that ${what}`, () => {
    const asked = request({ params: { build: { cxx: compilerThat(line) } } });
    const { answer } = runProgram(asked);
    assert.is(answer.error?.code, code, JSON.stringify(answer));
    assert.equal(librariesIn(asked.cacheDir), []);
    assert.equal(leftovers(asked.cacheDir), []);
    assert.ok(answer.error?.failDir?.startsWith(asked.params.cache?.failDirRoot as string));
  });
}

faults("no compiler at all", () => {
  const { answer } = runProgram(request({ params: { build: { cxx: "no-such-compiler" } } }));
  assert.is(answer.error?.code, "ERR_JIT_COMPILER_NOT_FOUND");
  assert.match(answer.error?.message as string, "no-such-compiler");
});

faults("other source under the same name: not noticed by a hit, unless it is asked for", () => {
  const asked = request();
  runProgram(asked);
  const other = { ...asked, value: 99 };
  assert.is(runProgram(other).answer.value, 11);
  const params = { ...asked.params, cache: { ...asked.params.cache, checkSource: true } };
  assert.is(runProgram({ ...other, params }).answer.error?.code, "ERR_JIT_MISMATCH");
  assert.is(runProgram({ ...asked, params }).answer.value, 11);
  // Nor does a library that must be built anew silently become another one.
  truncateSync(onlyFile(join(asked.cacheDir, "lib")), 100);
  assert.is(runProgram(other).answer.error?.code, "ERR_JIT_MISMATCH");
  assert.is(runProgram(asked).answer.value, 11);
});

faults("an included header that changed: built anew; one that was only touched: not", () => {
  const include = newFolder();
  const header = join(include, "value.h");
  writeFileSync(header, "#define VALUE 1\n");
  const source = '#include "value.h"\nextern "C" int f() { return VALUE; }\n';
  const asked = request({ source, params: { build: { includeDirs: [include] } } });
  assert.is(runProgram(asked).answer.value, 1);
  utimesSync(header, 1e9, 1e9);
  assert.is(runProgram(asked).answer.generated, 0);
  writeFileSync(header, "#define VALUE 2\n");
  assert.is(runProgram(asked).answer.value, 2);
  rmSync(header);
  assert.is(runProgram(asked).answer.error?.code, "ERR_JIT_COMPILE");
});

faults("a compiler that was upgraded is another one", () => {
  const cxx = compilerThat(":");
  const asked = request({ params: { build: { cxx } } });
  runProgram(asked);
  assert.is(runProgram(asked).answer.generated, 0);
  writeFileSync(cxx, `#!/bin/sh\n# version 2\nexec c++ "$@"\n`);
  assert.is(runProgram(asked).answer.generated, 1);
});

faults("clocks that are days apart do not matter", () => {
  const asked = request();
  runProgram(asked);
  for (const days of [-30, 30]) {
    const time = Date.now() / 1000 + days * 86400;
    for (const folder of ["lib", "manifest"]) utimesSync(onlyFile(join(asked.cacheDir, folder)), time, time);
    assert.is(runProgram(asked).answer.generated, 0);
  }
});

faults("a lock that a dead process, or one of another host, left behind stops nobody", () => {
  const asked = request();
  const { signature } = runProgram(asked).answer;
  rmSync(asked.cacheDir, { recursive: true });
  mkdirSync(join(asked.cacheDir, "lock"), { recursive: true });
  for (const pid of [1, 2 ** 22 - 1]) {
    writeFileSync(
      join(asked.cacheDir, "lock", `${signature}.lock`),
      JSON.stringify({ host: "elsewhere", pid }),
    );
    rmSync(join(asked.cacheDir, "manifest"), { recursive: true, force: true });
    assert.is(runProgram(asked).answer.value, 11);
  }
  assert.equal(leftovers(asked.cacheDir), []);
});

faults("who builds for longer than one will wait is named", async () => {
  const asked = request();
  const holder = start({ ...asked, generating: 100_000 });
  await until(() => linesOf(asked.journal) === 1, "the holder");
  const params = { ...asked.params, cache: { ...asked.params.cache, lockTimeout: 0.2 } };
  const { answer } = runProgram({ ...asked, params });
  assert.is(answer.error?.code, "ERR_JIT_LOCK_TIMEOUT");
  assert.match(answer.error?.message as string, String(holder.child.pid));
  holder.child.kill("SIGKILL");
  await holder.ended;
  assert.is(runProgram(asked).answer.value, 11);
  assert.equal(leftovers(asked.cacheDir), []);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  faults(`${signal} while waiting for another process: a prompt end`, async () => {
    const asked = request();
    const holder = start({ ...asked, generating: 100_000 });
    await until(() => linesOf(asked.journal) === 1, "the holder");
    const waiter = start(asked);
    await new Promise((resolve) => setTimeout(resolve, 300));
    waiter.child.kill(signal);
    assert.is((await waiter.ended).signal, signal);
    assert.is(holder.child.exitCode, null);
    holder.child.kill("SIGKILL");
    await holder.ended;
  });
}

faults("two paths to one directory: one builder", async () => {
  const asked = request({ generating: 50 });
  mkdirSync(asked.cacheDir, { mode: 0o755 });
  const link = join(newFolder(), "link");
  symlinkSync(asked.cacheDir, link);
  const params = { ...asked.params, cache: { ...asked.params.cache, cacheDir: link } };
  const all = await Promise.all([start(asked).ended, start({ ...asked, params }).ended]);
  for (const { answer } of all) assert.is(answer?.value, 11);
  assert.is(linesOf(asked.journal), 1);
});

faults("the cache directory is deleted, and moved, while a program runs", async () => {
  const folder = newFolder();
  const isGoing = join(folder, "going");
  writeFileSync(isGoing, "");
  const asked = request({ until: isGoing });
  const program = start(asked);
  await until(() => linesOf(asked.journal) === 1, "the first build");
  renameSync(asked.cacheDir, join(folder, "away"));
  const { until: _, ...once } = asked;
  assert.is(runProgram(once).answer.value, 11);
  rmSync(isGoing);
  const { answer: last } = await program.ended;
  assert.is(last?.value, 11, JSON.stringify(last));
});

faults("nothing in a cache says where it is", () => {
  const asked = request();
  assert.is(runProgram(asked).answer.value, 11);
  const moved = join(newFolder(), "moved");
  renameSync(asked.cacheDir, moved);
  const params = { ...asked.params, cache: { ...asked.params.cache, cacheDir: moved } };
  const { answer } = runProgram({ ...asked, params });
  assert.is(answer.generated, 0);
  assert.ok(answer.path?.startsWith(moved));
});

faults("a dependency that was evicted is a typed error, one that was built anew is linked anew", () => {
  const base = request({
    name: "base",
    source: 'extern "C" int f() { return 1; }',
    header: 'extern "C" int f();',
  });
  const below = runProgram(base).answer.signature as string;
  const source = 'extern "C" int base(); extern "C" int f() { return 2; }';
  const above: Request = { ...base, name: "above", source, dependencies: [below] };
  assert.is(runProgram(above).answer.value, 2);
  assert.is(runProgram(above).answer.generated, 0);
  rmSync(join(base.cacheDir, "manifest", `${below}.json`));
  const { answer } = runProgram(above);
  assert.is(answer.error?.code, "ERR_JIT_DEPENDENCY", JSON.stringify(answer));
  assert.match(answer.error?.message as string, below);
  runProgram(base);
  assert.is(runProgram(above).answer.value, 2);
});

faults("what cannot be read is a miss with a reason", () => {
  const asked = request();
  const { signature } = runProgram(asked).answer;
  const manifest = join(asked.cacheDir, "manifest", `${signature}.json`);
  copyFileSync(manifest, `${manifest}.copy`);
  rmSync(manifest);
  mkdirSync(manifest);
  const { answer, stderr } = runProgram(asked, { TYPED_MPI_LOG: "debug" });
  assert.ok(answer.value === 11 || answer.error?.code === "ERR_JIT_CACHE", JSON.stringify(answer));
  assert.match(stderr, signature as string);
});

faults.run();
