import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { holdShared, isHeld, tryExclusive, withLock } from "../../../src/jit/cache/lock.js";
import { createLockFilename } from "../../../src/jit/cache/names.js";
import { pause, perform, runAsync, runSync, type Steps } from "../../../src/jit/steps.js";
import { assertRejects, assertThrows } from "../../harness/assert.js";
import { filesOf, newFolder } from "../caches.js";
import { until } from "../processes.js";
import { cacheIn, newCache, withTmpfs } from "./store-fixture.js";

const PROGRAM = fileURLToPath(new URL("lock-program.js", import.meta.url));

const start = (cacheDir: string, log: string, ...rest: string[]): ChildProcess =>
  spawn(process.execPath, [PROGRAM, cacheDir, "s", log, ...rest], { stdio: "inherit" });

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.on("close", (code) => resolve(code)));

const linesOf = (log: string): string[] =>
  existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(0, -1) : [];

// biome-ignore lint/correctness/useYield: it is a body without steps.
function* nothing(): Steps<string> {
  return "done";
}

test("eight processes never overlap, through two paths of one directory, and leave no lock", async () => {
  const folder = newFolder();
  const log = join(folder, "log");
  const real = join(folder, "real");
  mkdirSync(real);
  symlinkSync(real, join(folder, "link"));
  const children = Array.from({ length: 8 }, (_, i) =>
    start(join(folder, i % 2 === 0 ? "real" : "link"), log, "12"),
  );
  assert.equal(await Promise.all(children.map(ended)), new Array(8).fill(0));
  const lines = linesOf(log);
  assert.is(lines.length, 8 * 12 * 2);
  for (let i = 0; i < lines.length; i += 2) {
    assert.is(lines[i]?.[0], "+");
    assert.is(lines[i + 1], lines[i]?.replace("+", "-"));
  }
  assert.equal(filesOf(real), []);
});

test("kill -9 of the holder frees the lock at once, and the error before that names the holder", async () => {
  const cache = newCache({ lockTimeout: 0.1 });
  const log = join(newFolder(), "log");
  const child = start(cache.cacheDir, log, "1", "long");
  await until(() => linesOf(log).length === 1, "the child");
  const error = assertThrows(() => runSync(withLock("s", cache, nothing)), { code: "ERR_JIT_LOCK_TIMEOUT" });
  assert.match(error.message, `pid ${child.pid}`);
  assert.match(error.message, /since 20/);
  await assertRejects(runAsync(withLock("s", cache, nothing)), { code: "ERR_JIT_LOCK_TIMEOUT" });
  const end = ended(child);
  child.kill("SIGKILL");
  await end;
  assert.ok(existsSync(createLockFilename("s", cache)));
  assert.is(runSync(withLock("s", { ...cache, lockTimeout: 0 }, nothing)), "done");
  assert.not.ok(existsSync(createLockFilename("s", cache)));
});

test("a waiter takes over from a holder that dies", async () => {
  const cache = newCache({ lockTimeout: 20 });
  const log = join(newFolder(), "log");
  const child = start(cache.cacheDir, log, "1", "long");
  await until(() => linesOf(log).length === 1, "the child");
  const waiting = runAsync(withLock("s", cache, nothing));
  await runAsync(perform(pause(50)));
  const killed = performance.now();
  child.kill("SIGKILL");
  assert.is(await waiting, "done");
  assert.ok(performance.now() - killed < 2000);
});

test("a lock file that tells a dead, a living or another host's pid does not block", () => {
  const cache = newCache({ lockTimeout: 0 });
  const filename = createLockFilename("s", cache);
  mkdirSync(join(cache.cacheDir, "lock"));
  for (const holder of ["here, pid 999999999", `here, pid ${process.pid}`, "elsewhere, pid 1", ""]) {
    writeFileSync(filename, holder);
    assert.is(runSync(withLock("s", cache, nothing)), "done");
    assert.not.ok(existsSync(filename));
  }
});

test("two asynchronous calls in one process exclude each other; a blocking one does not wait for itself", async () => {
  const cache = newCache({ lockTimeout: 20 });
  let inside = 0;
  let most = 0;
  function* body(): Steps<void> {
    most = Math.max(most, ++inside);
    assert.ok(isHeld(createLockFilename("s", cache)));
    yield* perform(pause(20));
    inside--;
  }
  const both = [1, 2, 3].map(() => runAsync(withLock("s", cache, body)));
  assertThrows(() => runSync(withLock("s", cache, nothing)), {
    code: "ERR_JIT_LOCK_TIMEOUT",
    message: "await",
  });
  assert.is(runSync(withLock("another", cache, nothing)), "done");
  await Promise.all(both);
  assert.is(most, 1);
  assert.not.ok(isHeld(createLockFilename("s", cache)));
  assert.equal(filesOf(cache.cacheDir), []);
});

test("what the body throws is thrown, and the lock is free", () => {
  const cache = newCache({ lockTimeout: 0 });
  // biome-ignore lint/correctness/useYield: it throws before it could.
  const failing = function* (): Steps<void> {
    throw new RangeError("from the body");
  };
  assert.throws(() => runSync(withLock("s", cache, failing)), "from the body");
  assert.is(runSync(withLock("s", cache, nothing)), "done");
});

test("where no lock can be made it goes on without", () => {
  const folder = newFolder();
  // A file in place of the directory: root is stopped by no permission.
  writeFileSync(join(folder, "lock"), "");
  assert.is(runSync(withLock("s", cacheIn(folder), nothing)), "done");
  withTmpfs("size=64k", (mounted, remount) => {
    mkdirSync(join(mounted, "lock"));
    remount("ro");
    assert.is(runSync(withLock("s", cacheIn(mounted), nothing)), "done");
    assert.is(runSync(withLock("s", cacheIn(join(mounted, "below")), nothing)), "done");
  });
});

test("a file that is held is not had exclusively, until it is no more", async () => {
  const filename = join(newFolder(), "library.so");
  writeFileSync(filename, "");
  const lock = new URL("../../../src/jit/cache/lock.js", import.meta.url).href;
  const code = `const { holdShared } = await import("${lock}"); holdShared("${filename}"); holdShared("${filename}");
    console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  assert.is(tryExclusive(filename), undefined);
  const end = ended(child);
  child.kill("SIGKILL");
  await end;
  const release = tryExclusive(filename);
  assert.type(release, "function");
  assert.is(tryExclusive(filename), undefined);
  release?.();
  assert.ok(existsSync(filename));
  holdShared(filename);
  assert.is(tryExclusive(filename), undefined);
});

test("what is held is read, also if it was held before, or if somebody has it locked; not if it is gone", () => {
  const filename = join(newFolder(), "manifest.json");
  assert.is(holdShared(filename), undefined);
  writeFileSync(filename, "µ");
  assert.is(holdShared(filename), "µ");
  assert.is(holdShared(filename), "µ");
  const locked = join(newFolder(), "manifest.json");
  writeFileSync(locked, "locked");
  const release = tryExclusive(locked);
  assert.is(holdShared(locked), "locked");
  release?.();
  // It was not held: nobody else has it.
  tryExclusive(locked)?.();
  assert.is(holdShared(locked), "locked");
  assert.is(tryExclusive(locked), undefined);
});

test("a lock that is tried is made, excludes builders, and is removed", () => {
  const cache = newCache({ lockTimeout: 0 });
  const filename = createLockFilename("s", cache);
  const release = tryExclusive(filename);
  assert.ok(existsSync(filename));
  assertThrows(() => runSync(withLock("s", cache, nothing)), { code: "ERR_JIT_LOCK_TIMEOUT" });
  release?.();
  assert.not.ok(existsSync(filename));
  chmodSync(cache.cacheDir, 0o755);
  assert.is(runSync(withLock("s", cache, nothing)), "done");
});

test.run();
