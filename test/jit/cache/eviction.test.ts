import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Collection, collectGarbage, entrySize, maybeCollect } from "../../../src/jit/cache/eviction.js";
import { readManifest } from "../../../src/jit/cache/manifest.js";
import { createLibFilename, createManifestFilename, entryDirectories } from "../../../src/jit/cache/names.js";
import { count, readStatistics } from "../../../src/jit/cache/statistics.js";
import type { CacheParams } from "../../../src/jit/params.js";
import { assertThrows } from "../../harness/assert.js";
import { cacheWith, endAll, newCache, publish, setAge, signatureFor, start } from "./sandbox.js";

const test = suite("the eviction of a cache");
test.after(endAll);

/** Names of the entries that there are. */
const namesIn = (cache: CacheParams): string[] =>
  readdirSync(join(cache.cacheDir, "manifest"))
    .map((file) => file.replace(/_[0-9a-f]{32}\.json$/, ""))
    .sort();

const namesOf = (signatures: readonly string[]): string[] => signatures.map((each) => each.slice(0, -33));

/** Every entry is whole, and nothing is without an entry. */
function assertNoHalves(cache: CacheParams, allowOrphans: boolean = false): void {
  const expected = new Set<string>();
  for (const name of readdirSync(join(cache.cacheDir, "manifest"))) {
    const manifest = readManifest(join(cache.cacheDir, "manifest", name));
    if (manifest === undefined) throw new Error(`${name} cannot be read`);
    expected.add(`manifest/${name}`);
    for (const file of [manifest.library, manifest.header, manifest.source, manifest.log]) {
      if (file === null) continue;
      assert.ok(existsSync(join(cache.cacheDir, file.path)), `${name} is there, ${file.path} is not`);
      expected.add(file.path);
    }
  }
  if (allowOrphans) return;
  for (const directory of entryDirectories(cache)) {
    for (const name of readdirSync(join(cache.cacheDir, directory))) {
      assert.ok(expected.has(`${directory}/${name}`), `${directory}/${name} is of no entry`);
    }
  }
}

/** Six entries of 100 bytes (with their parts), f the one that was used last. */
const six = (params: Partial<CacheParams> = {}): CacheParams => {
  const names = ["d", "b", "f", "a", "e", "c"];
  return cacheWith(
    Object.fromEntries(names.map((name) => [name, { size: 97, age: 200 - name.charCodeAt(0) }])),
    params,
  );
};

test("a cache that does not exist is empty, and is not made", () => {
  const cache = newCache();
  const nothing = { removed: [], inUse: [], litter: [], bytes: 0, kept: 0, size: 0 };
  assert.equal(collectGarbage(cache, { maxSize: 1 }), nothing);
  assert.not(existsSync(cache.cacheDir));
});

test("the entries used least recently go, down to 90 %", () => {
  const cache = six();
  const collection = collectGarbage(cache, { maxSize: 400 });
  assert.equal(namesOf(collection.removed), ["a", "b", "c"]);
  assert.equal(
    { ...collection, removed: [] },
    { removed: [], inUse: [], litter: [], bytes: 300, kept: 3, size: 300 },
  );
  assert.equal(namesIn(cache), ["d", "e", "f"]);
  assertNoHalves(cache);
  const { evictions, bytes } = readStatistics(cache);
  assert.equal({ evictions, bytes }, { evictions: 3, bytes: 300 });
});

test("none goes at the limit, or without a limit", () => {
  const cache = six({ maxSize: 600 });
  for (const options of [{}, { maxSize: 600 }, { maxSize: 0 }, { maxSize: Infinity }]) {
    assert.equal(collectGarbage(cache, options).removed, []);
  }
  assert.is(collectGarbage({ ...cache, maxSize: 599 }).removed.length, 1);
});

test("a dry run tells the same and removes nothing", () => {
  const cache = six();
  writeLitter(cache);
  mkdirSync(join(cache.cacheDir, "lock"));
  const before = readdirSync(cache.cacheDir, { recursive: true }).sort();
  const dry = collectGarbage(cache, { maxSize: 400, dryRun: true });
  assert.equal(readdirSync(cache.cacheDir, { recursive: true }).sort(), before);
  assert.is(readStatistics(cache).evictions, 0);
  assert.equal(collectGarbage(cache, { maxSize: 400 }), dry);
  assert.ok(dry.litter.length > 0 && dry.removed.length === 3);
});

test("bad options are refused", () => {
  const cache = six();
  assertThrows(() => collectGarbage(cache, { maxSize: -1 }), {
    code: "ERR_OUT_OF_RANGE",
    argument: "maxSize",
  });
  assertThrows(() => collectGarbage(cache, { maxSize: Number.NaN }), { code: "ERR_OUT_OF_RANGE" });
  assertThrows(() => collectGarbage(cache, { maxSize: "1G" as unknown as number }), {
    code: "ERR_INVALID_ARG_TYPE",
  });
});

test("what an entry that stays is linked with stays; when it goes, so does that", () => {
  const cache = cacheWith({
    base: { age: 50, size: 97 },
    middle: { age: 40, size: 97, dependencies: ["base"] },
    other: { age: 30, size: 97 },
    top: { age: 20, size: 97, dependencies: ["middle", "base"] },
    newest: { age: 10, size: 97 },
  });
  assert.equal(namesOf(collectGarbage(cache, { maxSize: 499 }).removed), ["other"]);
  assert.equal(namesOf(collectGarbage(cache, { maxSize: 399 }).removed), ["top"]);
  assert.equal(namesOf(collectGarbage(cache, { maxSize: 120 }).removed), ["middle", "base"]);
  assert.equal(namesIn(cache), ["newest"]);
});

test("dependencies that nobody needs any more go in one collection", () => {
  const cache = cacheWith({
    base: { age: 50, size: 97 },
    middle: { age: 40, size: 97, dependencies: ["base"] },
    top: { age: 20, size: 97, dependencies: ["middle", "base"] },
    newest: { age: 10, size: 97 },
  });
  assert.equal(namesOf(collectGarbage(cache, { maxSize: 120 }).removed), ["top", "middle", "base"]);
});

test("what a living process has loaded stays, with what it is linked with, until it ends", async () => {
  const cache = cacheWith({
    base: { age: 50 },
    loaded: { age: 40, dependencies: ["base"] },
    other: { age: 30 },
  });
  const signature = signatureFor("loaded");
  const holder = start(
    cache,
    `lock.holdShared(names.createManifestFilename("${signature}", cache)); console.log("ready"); setInterval(() => {}, 1000);`,
  );
  await holder.ready;
  for (const dryRun of [true, false]) {
    const collection = collectGarbage(cache, { maxSize: 1, dryRun });
    assert.equal(namesOf(collection.removed), ["other"]);
    assert.equal(namesOf(collection.inUse), ["loaded"]);
    assert.is(collection.kept, 2);
  }
  assert.equal(namesIn(cache), ["base", "loaded"]);
  assertNoHalves(cache);
  holder.process.kill("SIGKILL");
  await holder.ended;
  assert.equal(namesOf(collectGarbage(cache, { maxSize: 1 }).removed), ["loaded", "base"]);
  assert.equal(namesIn(cache), []);
});

const build = (signature: string): string => `
  const { pause, perform } = await import(${JSON.stringify(new URL("../../../src/jit/steps.js", import.meta.url).href)});
  runSync(lock.withLock("${signature}", cache, function* () {
    process.stdout.write("ready");
    yield* perform(pause(60000));
  }));`;

test("what a living process builds stays, with its directory; not that of one that was killed", async () => {
  const cache = cacheWith({ built: { age: 50 }, other: { age: 30 } });
  const signature = signatureFor("built");
  const builder = start(cache, build(signature));
  await builder.ready;
  const directory = join(cache.cacheDir, "temp", `${signature}.${builder.process.pid}.0a1b2c`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "code.cpp"), "12345");
  const during = collectGarbage(cache, { maxSize: 1 });
  assert.equal(namesOf(during.removed), ["other"]);
  assert.equal(namesOf(during.inUse), ["built"]);
  assert.ok(existsSync(directory));
  builder.process.kill("SIGKILL");
  await builder.ended;
  const after = collectGarbage(cache, { maxSize: 1 });
  assert.equal(namesOf(after.removed), ["built"]);
  assert.ok(after.litter.includes(`temp/${signature}.${builder.process.pid}.0a1b2c`));
  assert.not(existsSync(directory));
  assert.equal(readdirSync(join(cache.cacheDir, "lock")), []);
});

/** What may be left by the dead, and what must not be taken for it. */
function writeLitter(cache: CacheParams): { litter: string[]; kept: string[] } {
  const gone = signatureFor("gone");
  const write = (path: string, age: number): string => {
    mkdirSync(join(cache.cacheDir, path, ".."), { recursive: true });
    writeFileSync(join(cache.cacheDir, path), "12345");
    setAge(join(cache.cacheDir, path), age);
    return path;
  };
  const young = signatureFor("young");
  return {
    litter: [
      write("quarantine/anything", 0),
      write(`lib/libtyped-mpi-${gone}.so`, 61),
      write(`include/${gone}.h`, 61),
      write(`src/${gone}.cpp.gz`, 61),
      write(`log/${gone}.txt`, 61),
      write(`manifest/${gone}.json`, 61),
      write(`manifest/${signatureFor("f")}.json.77.0a1b2c3d4e5f.tmp`, 61),
    ],
    kept: [
      write(`lib/libtyped-mpi-${young}.so`, 50),
      write(`manifest/${signatureFor("f")}.json.78.0a1b2c3d4e5f.tmp`, 50),
      write(`src/${signatureFor("f")}.cpp.gz`, 61),
      write("lib/libmine.so", 61),
      write("log/notes.txt", 61),
      write("mine/notes.txt", 61),
    ],
  };
}

test("what dead processes have left goes; what is young or of others stays", () => {
  const cache = six();
  const { litter, kept } = writeLitter(cache);
  writeFileSync(join(cache.cacheDir, "manifest", `${signatureFor("later")}.json`), '{"format":2}');
  setAge(join(cache.cacheDir, "manifest", `${signatureFor("later")}.json`), 61);
  // A torn manifest of five bytes.
  writeFileSync(join(cache.cacheDir, "manifest", `${signatureFor("gone")}.json`), '{"for');
  setAge(join(cache.cacheDir, "manifest", `${signatureFor("gone")}.json`), 61);
  const collection = collectGarbage(cache);
  assert.equal([...collection.litter].sort(), litter.sort());
  assert.is(collection.bytes, litter.length * 5);
  assert.equal(collection.removed, []);
  assert.is(collection.kept, 6);
  for (const path of litter) assert.not(existsSync(join(cache.cacheDir, path)), path);
  for (const path of kept) assert.ok(existsSync(join(cache.cacheDir, path)), path);
  assert.ok(existsSync(join(cache.cacheDir, "manifest", `${signatureFor("later")}.json`)));
  assert.equal(readdirSync(join(cache.cacheDir, "lock")), []);
});

test("build directories elsewhere go when they are old and their processes dead", () => {
  const cache = six();
  const tempDirRoot = join(cache.cacheDir, "..", "elsewhere");
  mkdirSync(tempDirRoot);
  const dead = 4_194_304; // Above the largest pid of Linux.
  const names = [`${signatureFor("a")}.${dead}.x`, `${signatureFor("b")}.${dead}.x`, `c.${dead}.x`];
  names.push(`${signatureFor("d")}.${process.pid}.x`);
  for (const name of names) mkdirSync(join(tempDirRoot, name));
  for (const name of names.filter((each) => !each.startsWith("b"))) setAge(join(tempDirRoot, name), 61);
  assert.equal(collectGarbage({ ...cache, tempDirRoot }).litter, [`../elsewhere/${names[0]}`]);
  assert.equal(readdirSync(tempDirRoot).sort(), names.slice(1).sort());
});

test("a library of another prefix is not taken for one without an entry", () => {
  const cache = cacheWith({}, { libBasename: "mine_" });
  publish(cache, "square");
  const library = join(cache.cacheDir, "lib", `libmine_${signatureFor("square")}.so`);
  setAge(library, 100);
  assert.equal(collectGarbage({ ...cache, libBasename: "" }).litter, []);
  assert.ok(existsSync(library));
});

test("an eviction that is killed leaves no half entry, and the next one cleans up", async () => {
  const cache = cacheWith({});
  for (let i = 0; i < 600; i++) publish(cache, `n${i}`, { size: 97, age: 1000 - i });
  let partly = 0;
  for (const limit of [500, 400, 300, 200, 100]) {
    const before = namesIn(cache).length;
    const evictor = start(
      cache,
      `process.stdout.write("ready"); eviction.collectGarbage(cache, { maxSize: ${limit * 100} });`,
    );
    await evictor.ready;
    while (namesIn(cache).length > before - 3 && evictor.process.exitCode === null) await sleep(1);
    evictor.process.kill("SIGKILL");
    const { signal } = await evictor.ended;
    if (signal === "SIGKILL" && namesIn(cache).length > limit * 0.9) partly++;
    assertNoHalves(cache, true);
  }
  assert.ok(partly > 0, "no process was killed while it removed entries");
  for (const directory of entryDirectories(cache)) {
    if (directory === "manifest") continue;
    for (const name of readdirSync(join(cache.cacheDir, directory)))
      setAge(join(cache.cacheDir, directory, name), 61);
  }
  const { kept, size } = collectGarbage(cache, { maxSize: 9000 });
  assert.is(kept, 81);
  assertNoHalves(cache);
  assert.is(readStatistics(cache).bytes, size);
  assert.equal(readdirSync(join(cache.cacheDir, "lock")), []);
});

test("wherever it is killed, there is no half entry", async () => {
  const cache = cacheWith({});
  for (let i = 0; i < 30; i++) publish(cache, `n${i}`, { size: 97, age: 1000 - i });
  const killAfter = (removals: number): string => `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    let left = ${removals};
    for (const name of ["rmSync", "unlinkSync"]) {
      const original = fs[name];
      fs[name] = (...args) => {
        original(...args);
        if (--left === 0) process.kill(process.pid, "SIGKILL");
      };
    }
    syncBuiltinESMExports();`;
  for (let removals = 1; removals <= 8; removals++) {
    const before = namesIn(cache).length;
    const { signal } = await start(
      cache,
      "eviction.collectGarbage(cache, { maxSize: 100 });",
      killAfter(removals),
    ).ended;
    assert.is(signal, "SIGKILL");
    assert.ok(namesIn(cache).length < before);
    assertNoHalves(cache, true);
  }
});

test("evictors at once remove no more than one would", async () => {
  const cache = cacheWith({});
  for (let i = 0; i < 300; i++) publish(cache, `n${i}`, { size: 97, age: 1000 - i });
  count(cache, "builds", 300, 30_000);
  const code = "console.log(JSON.stringify(eviction.collectGarbage(cache, { maxSize: 20000 })));";
  const outcomes = await Promise.all([1, 2, 3].map(() => start(cache, code).ended));
  const removed = outcomes.flatMap(({ output }) => (JSON.parse(output) as Collection).removed);
  assert.is(removed.length, 120);
  assert.is(new Set(removed).size, 120);
  assert.is(namesIn(cache).length, 180);
  assert.ok(namesIn(cache).includes("n299") && !namesIn(cache).includes("n0"));
  assertNoHalves(cache);
  const { evictions, bytes } = readStatistics(cache);
  assert.equal({ evictions, bytes }, { evictions: 120, bytes: 18_000 });
});

test("what is published after it looked like litter stays", async () => {
  const cache = six();
  const signature = publish(cache, "late");
  const manifest = createManifestFilename(signature, cache);
  const library = createLibFilename(signature, cache);
  setAge(library, 61);
  renameSync(manifest, `${manifest}.mine`);
  const spy = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const { existsSync, openSync, renameSync } = fs;
    fs.openSync = (path, ...rest) => {
      const isLooking = String(path).includes("lock/late_") && existsSync("${manifest}.mine");
      if (isLooking) renameSync("${manifest}.mine", "${manifest}");
      return openSync(path, ...rest);
    };
    syncBuiltinESMExports();`;
  const code = "console.log(JSON.stringify(eviction.collectGarbage(cache)));";
  const { output } = await start(cache, code, spy).ended;
  assert.equal((JSON.parse(output) as Collection).litter, []);
  assert.ok(existsSync(manifest) && existsSync(library));
});

/** Tells the directories that `maybeCollect` lists in a process of its own. */
async function listedBy(cache: CacheParams, bytes: number): Promise<string[]> {
  const spy = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const listed = [];
    for (const name of ["readdirSync", "opendirSync", "globSync", "readdir", "opendir"]) {
      const original = fs[name];
      fs[name] = (path, ...rest) => (listed.push(path), original(path, ...rest));
    }
    syncBuiltinESMExports();`;
  const code = `statistics.count(cache, "builds", 1, ${bytes}); eviction.maybeCollect(cache);
    console.log(JSON.stringify(listed));`;
  const { output } = await start(cache, code, spy).ended;
  return JSON.parse(output) as string[];
}

test("a build lists no directory unless the cache may be too large", async () => {
  const cache = six({ maxSize: 400 });
  count(cache, "builds", 3, 300);
  assert.equal(await listedBy(cache, 100), []);
  assert.is(namesIn(cache).length, 6);
  assert.ok((await listedBy(cache, 100)).length > 0);
  assert.is(namesIn(cache).length, 3);
  // What was wrong is corrected.
  assert.is(readStatistics(cache).bytes, 300);
  assert.equal(await listedBy(cache, 100), []);
  assert.equal(await listedBy({ ...cache, maxSize: 0 }, 1e9), []);
});

test("what is found after it was listed stays", async () => {
  const cache = six();
  const manifest = createManifestFilename(signatureFor("b"), cache);
  // While it looks at the locks, another process finds an entry.
  const spy = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const { openSync } = fs;
    fs.openSync = (path, ...rest) => {
      if (String(path).includes("lock/a_")) fs.utimesSync(${JSON.stringify(manifest)}, new Date(), new Date());
      return openSync(path, ...rest);
    };
    syncBuiltinESMExports();`;
  const code = "console.log(JSON.stringify(eviction.collectGarbage(cache, { maxSize: 400 })));";
  const { output } = await start(cache, code, spy).ended;
  const { removed, inUse } = JSON.parse(output) as Collection;
  assert.equal([namesOf(removed), namesOf(inUse)], [["a", "c", "d"], ["b"]]);
  assert.equal(namesIn(cache), ["b", "e", "f"]);
});

test("if all is in use, not every build tries again", async () => {
  const cache = six({ maxSize: 150 });
  const holder = start(
    cache,
    `for (const name of ${JSON.stringify(namesIn(cache).map(signatureFor))}) lock.holdShared(names.createManifestFilename(name, cache));
    console.log("ready"); setInterval(() => {}, 1000);`,
  );
  await holder.ready;
  count(cache, "builds", 6, 600);
  assert.is(maybeCollect(cache)?.inUse.length, 6);
  assert.is(maybeCollect(cache), undefined);
  setAge(join(cache.cacheDir, "stats", "full"), 2);
  assert.is(maybeCollect(cache)?.inUse.length, 6);
  holder.process.kill("SIGKILL");
  await holder.ended;
});

test("a build goes on if the cache cannot be made smaller", () => {
  const cache = six({ maxSize: 100 });
  count(cache, "builds", 6, 600);
  const file = { ...cache, libDir: "lib/file" };
  writeFileSync(join(cache.cacheDir, "lib", "file"), "");
  assert.is(maybeCollect(file), undefined);
});

test("ten thousand entries are collected in seconds, and cost a build nothing", () => {
  const cache = cacheWith({}, { maxSize: 8_000_000 });
  for (let i = 0; i < 10_000; i++) publish(cache, `n${i}`, { size: 1000, age: 20_000 - i, isWhole: false });
  count(cache, "builds", 1, 7_000_000);
  let begin = performance.now();
  for (let i = 0; i < 100; i++) assert.is(maybeCollect(cache), undefined);
  const idle = (performance.now() - begin) / 100;
  assert.ok(idle < 5, `${idle} ms at every build`);
  begin = performance.now();
  const { removed, kept } = collectGarbage(cache);
  const seconds = (performance.now() - begin) / 1000;
  console.log(
    `${idle.toFixed(2)} ms per build; ${seconds.toFixed(2)} s to remove ${removed.length} of 10000 entries`,
  );
  assert.is(removed.length, 2800);
  assert.is(kept, 7200);
  assert.ok(seconds < 20, `${seconds} s`);
});

test("the size of an entry is that of its files", () => {
  const cache = six();
  const text = readFileSync(createManifestFilename(signatureFor("a"), cache), "utf8");
  assert.is(entrySize(JSON.parse(text)), 100);
  assert.is(entrySize({ ...JSON.parse(text), header: null, source: null, log: null }), 97);
});

test.run();
