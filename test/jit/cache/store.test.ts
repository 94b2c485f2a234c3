import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isMiss } from "../../../src/jit/cache/entry.js";
import { tryExclusive } from "../../../src/jit/cache/lock.js";
import { lookupEntry } from "../../../src/jit/cache/lookup.js";
import {
  createLockFilename,
  createManifestFilename,
  createSrcFilename,
} from "../../../src/jit/cache/names.js";
import { copyEntry, removeEntry } from "../../../src/jit/cache/publish.js";
import { cleanAbandoned, stagingDirectory } from "../../../src/jit/cache/staging.js";
import { setLogHandler } from "../../../src/jit/log.js";
import type { CacheParams } from "../../../src/jit/params.js";
import { assertThrows } from "../../harness/assert.js";
import { filesOf, newFolder } from "../caches.js";
import { cacheIn, found, libraryOf, missOf, newCache, publish, stage, withTmpfs } from "./store-fixture.js";

setLogHandler(() => {});

/** Changes one byte of a file, and no time of it. */
function flip(filename: string, at: number): void {
  const { atime, mtime } = statSync(filename);
  const bytes = readFileSync(filename);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(filename, bytes);
  utimesSync(filename, atime, mtime);
}

const quarantined = (cache: CacheParams): number => {
  const directory = join(cache.cacheDir, "quarantine");
  return existsSync(directory) ? readdirSync(directory).length : 0;
};

test("what was published is found, whole, and nothing temporary stays", () => {
  const cache = newCache({ fsync: true });
  assert.is(missOf("s", cache), "there is no entry");
  const staged = stage("s", cache);
  rmSync(staged.directory, { recursive: true });
  publish("s", cache, { value: 7 });
  const { libFilename, manifest } = found("s", cache);
  assert.equal(readFileSync(libFilename), readFileSync(libraryOf(7)));
  assert.is(
    gunzipSync(readFileSync(`${createSrcFilename("s", cache)}.gz`)).toString(),
    "int f() { return 7; }\n",
  );
  assert.is(manifest.header?.path, "include/s.h");
  for (const name of readdirSync(join(cache.cacheDir, "temp"))) {
    assert.ok(!readdirSync(join(cache.cacheDir, "temp", name)).some((file) => file.startsWith("publish.")));
    rmSync(join(cache.cacheDir, "temp", name), { recursive: true });
  }
  assert.equal(filesOf(cache.cacheDir), [
    "include/s.h",
    "lib/libtyped-mpi-s.so",
    "log/s.txt",
    "manifest/s.json",
    "src/s.cpp.gz",
  ]);
  publish("s", { ...cache, srcStorage: "delete" }, { header: undefined, value: 8 });
  assert.is(found("s", cache).manifest.source, null);
  assert.not.ok(existsSync(`${createSrcFilename("s", cache)}.gz`));
  assert.ok(removeEntry("s", cache));
  assert.not.ok(removeEntry("s", cache));
  assert.equal(
    filesOf(cache.cacheDir).filter((file) => !file.startsWith("temp/")),
    [],
  );
});

for (const [what, damage] of Object.entries({
  empty: (file: string) => truncateSync(file, 0),
  "cut off": (file: string) => truncateSync(file, 5000),
  longer: (file: string) => appendFileSync(file, "x"),
  "one byte off": (file: string) => flip(file, 4500),
})) {
  test(`a library that is ${what} is a miss, goes to quarantine, and the next publication heals`, () => {
    const cache = newCache();
    const { libFilename } = publish("s", cache);
    damage(libFilename);
    const miss = lookupEntry("s", cache);
    assert.ok(isMiss(miss) && miss.stale?.name === "s");
    assert.not.ok(existsSync(libFilename));
    assert.is(quarantined(cache), 1);
    assert.is(missOf("s", cache), "there is no entry");
    publish("s", cache);
    found("s", cache);
  });
}

test("a damaged library stays while a builder is at work, and in a cache that is read-only", () => {
  const cache = newCache();
  const { libFilename } = publish("s", cache);
  flip(libFilename, 100);
  const release = tryExclusive(createLockFilename("s", cache));
  const code = `const s = await import("${new URL("../../../src/jit/cache/lookup.js", import.meta.url).href}");
    console.log(s.lookupEntry("s", ${JSON.stringify(cache)}).reason)`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  assert.match(child.stdout, "damaged");
  assert.ok(existsSync(libFilename));
  release?.();
  withTmpfs("size=1m", (mounted, remount) => {
    const there = cacheIn(mounted);
    publish("s", there);
    publish("t", there);
    flip(join(mounted, "lib/libtyped-mpi-s.so"), 100);
    utimesSync(createManifestFilename("t", there), 1e9, 1e9);
    remount("ro");
    assert.match(missOf("s", there), "damaged");
    found("t", there);
    assertThrows(() => stagingDirectory("u", there), { code: "ERR_JIT_CACHE", message: "EROFS" });
    assertThrows(() => removeEntry("t", there), { code: "ERR_JIT_CACHE" });
  });
});

test("a library of another machine or class, and what is no library, are misses and stay", () => {
  for (const [at, value, reason] of [
    [18, 183, "another machine"],
    [4, 1, "32 bits"],
    [0, 0, "no library"],
  ] as const) {
    const cache = newCache();
    const staged = stage("s", cache);
    const bytes = readFileSync(staged.libFilename);
    bytes[at] = value;
    writeFileSync(staged.libFilename, bytes);
    const { libFilename } = publish("s", cache, { ...staged });
    assert.match(missOf("s", cache), reason);
    assert.ok(existsSync(libFilename));
  }
});

test("a library or manifest that is missing or torn is a miss", () => {
  const cache = newCache();
  const { libFilename } = publish("s", cache);
  unlinkSync(libFilename);
  assert.match(missOf("s", cache), "missing");
  mkdirSync(libFilename);
  assert.match(missOf("s", cache), "no file");
  rmSync(libFilename, { recursive: true });
  publish("s", cache);
  const filename = createManifestFilename("s", cache);
  const text = readFileSync(filename, "utf8");
  for (const torn of ["", text.slice(0, 100), "null", "[]", text.replace('"format":1', '"format":2')]) {
    writeFileSync(filename, torn);
    assert.match(missOf("s", cache), "manifest is damaged");
  }
  writeFileSync(filename, text.replace("lib/libtyped", "../lib/libtyped"));
  assert.match(missOf("s", cache), "manifest is damaged");
  writeFileSync(filename, text);
  found("s", cache);
});

test("a header that changed is a miss; one that was only touched is none, and is noted", () => {
  const cache = newCache();
  const header = join(newFolder(), "a header.h");
  writeFileSync(header, "int a;\n");
  utimesSync(header, 1e9, 1e9);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  publish("s", cache, { included: [header] });
  assert.is(found("s", cache).manifest.includes[0]?.path, header);
  utimesSync(header, 2e9, 2e9);
  found("s", cache);
  assert.is(found("s", cache).manifest.includes[0]?.mtimeNs, "2000000000000000000");
  writeFileSync(header, "int b;\n");
  assert.match(missOf("s", cache), `${header} has changed`);
  writeFileSync(header, "int a;\n");
  found("s", cache);
  unlinkSync(header);
  assert.match(missOf("s", cache), "has changed");
});

test("a header that changes while the compiler runs is not trusted", () => {
  const cache = newCache();
  const header = join(newFolder(), "header.h");
  const staged = stage("s", cache, { included: [header] });
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  writeFileSync(header, "int a;\n");
  publish("s", cache, { ...staged });
  assert.match(missOf("s", cache), "has changed");
});

test("dependencies must be there, be what was linked with, and be sound themselves", () => {
  const cache = newCache();
  const a = publish("a", cache, { value: 1 });
  const b = publish("b", cache, { value: 2, dependencies: [a] });
  publish("c", cache, { value: 3, dependencies: [b, a] });
  found("c", cache);
  publish("a", cache, { value: 4 });
  assert.match(missOf("c", cache), /b, which it depends on: a, which it depends on, was built anew/);
  publish("a", cache, { value: 1 });
  found("c", cache);
  flip(found("a", cache).libFilename, 4500);
  assert.match(missOf("c", cache), "damaged");
  removeEntry("a", cache);
  assert.match(missOf("b", cache), "no entry");
});

test("a manifest that depends on itself ends in a miss", () => {
  const cache = newCache();
  const { manifest } = publish("s", cache);
  const dependencies = [{ signature: "s", sha256: manifest.library.sha256 }];
  writeFileSync(createManifestFilename("s", cache), JSON.stringify({ ...manifest, dependencies }));
  assert.match(missOf("s", cache), "itself");
});

test("a directory or library of somebody else, or that others can write to, is refused", () => {
  const wrong: readonly (readonly [string, (cacheDir: string) => void, RegExp])[] = [
    ["", (dir) => chownSync(dir, 65534, 65534), /belongs to user 65534.*chown/],
    ["", (dir) => chmodSync(dir, 0o777), /mode 777.*chmod -R go-w/],
    ["lib", (dir) => chmodSync(dir, 0o775), /lib.*mode 775/],
    ["manifest", (dir) => chownSync(dir, 65534, 65534), /manifest.*65534/],
  ];
  for (const [directory, make, message] of wrong) {
    const cache = newCache();
    // Published in another process: this one must not have looked at the directory before.
    const elsewhere = newCache();
    publish("s", elsewhere);
    cpSync(elsewhere.cacheDir, cache.cacheDir, { recursive: true });
    make(join(cache.cacheDir, directory));
    assertThrows(() => lookupEntry("s", cache), { code: "ERR_JIT_UNSAFE_CACHE", message });
    assertThrows(() => lookupEntry("s", newCache({ layers: [cache.cacheDir] })), {
      code: "ERR_JIT_UNSAFE_CACHE",
    });
  }
  const cache = newCache();
  const { libFilename } = publish("s", cache);
  chmodSync(libFilename, 0o777);
  assert.match(missOf("s", cache), "others can write to");
  chmodSync(libFilename, 0o755);
  chownSync(libFilename, 65534, 65534);
  assert.match(missOf("s", cache), "belongs to user 65534");
});

test("what cannot be read is a miss with the reason", () => {
  const cache = newCache();
  const { libFilename } = publish("s", cache);
  chmodSync(cache.cacheDir, 0o755);
  chmodSync(libFilename, 0o600);
  // Root may read everything: another user looks, whom root's cache does not alarm.
  const code = `process.setgid(65534); process.setuid(65534);
    const s = await import("${new URL("../../../src/jit/cache/lookup.js", import.meta.url).href}");
    console.log(s.lookupEntry("s", ${JSON.stringify(cache)}).reason ?? "found")`;
  const look = (): string =>
    spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" }).stdout;
  assert.match(look(), "cannot be read (EACCES)");
  chmodSync(libFilename, 0o755);
  assert.match(look(), "found");
  chmodSync(createManifestFilename("s", cache), 0o600);
  assert.match(look(), "manifest: EACCES");
});

test("a full disk: an error with its cause, nothing left, and the old entry as it was", () => {
  withTmpfs("size=64k", (mounted) => {
    const cache = cacheIn(mounted, { tempDirRoot: newFolder() });
    publish("s", cache);
    const before = filesOf(mounted);
    const source = Array.from({ length: 40_000 }, () => Math.random().toString(36)).join("\n");
    for (const signature of ["s", "t"]) {
      const error = assertThrows(() => publish(signature, cache, { value: 2, source }), {
        code: "ERR_JIT_CACHE",
      });
      assert.is((error.cause as NodeJS.ErrnoException).code, "ENOSPC");
      assert.equal(filesOf(mounted), before);
    }
    found("s", cache);
  });
});

test("clocks that are days apart change nothing, and the use of an entry is noted", () => {
  const cache = newCache();
  const { libFilename } = publish("s", cache);
  const filename = createManifestFilename("s", cache);
  for (const days of [-2, 2]) {
    const time = Date.now() / 1000 + days * 86_400;
    utimesSync(libFilename, time, time);
    utimesSync(filename, time, time);
    found("s", cache);
    assert.ok(Math.abs(statSync(filename).mtimeMs - Date.now()) < 5000);
  }
});

test("a cache can be moved, be a link, and be a layer, from which it is copied with what it depends on", () => {
  const cache = newCache();
  const a = publish("a", cache);
  publish("b", cache, { value: 2, dependencies: [a], included: [join(cache.cacheDir, "include/a.h")] });
  const moved = join(newFolder(), "moved");
  renameSync(cache.cacheDir, moved);
  const link = `${moved}-link`;
  symlinkSync(moved, link);
  assert.is(found("a", cacheIn(moved)).libFilename, join(moved, "lib/libtyped-mpi-a.so"));
  found("b", cacheIn(link));
  const upper = newCache({ layers: [newFolder(), moved] });
  const layered = found("b", upper);
  assert.is(layered.cacheDir, moved);
  const copied = copyEntry(layered, upper);
  assert.is(copied.libFilename, join(upper.cacheDir, "lib/libtyped-mpi-b.so"));
  found("b", cacheIn(upper.cacheDir));
  assert.is(copyEntry(copied, upper), copied);
  assert.equal(
    filesOf(upper.cacheDir),
    filesOf(moved).filter((file) => !file.startsWith("temp/")),
  );
  rmSync(moved, { recursive: true });
});

test("what killed builders left is removed, and nothing else", () => {
  const cache = newCache({ lockTimeout: 0 });
  publish("other", cache);
  rmSync(join(cache.cacheDir, "temp"), { recursive: true });
  const kept = filesOf(cache.cacheDir);
  stage("s", cache);
  for (const file of ["lib/libtyped-mpi-s.so", "include/s.h", "src/s.cpp.gz"]) {
    writeFileSync(join(cache.cacheDir, file), "");
  }
  const elsewhere = stagingDirectory("s2", cache);
  const release = tryExclusive(createLockFilename("s", cache));
  cleanAbandoned("s", cache);
  release?.();
  assert.equal(filesOf(cache.cacheDir), kept);
  assert.ok(existsSync(elsewhere));
});

test.run();
