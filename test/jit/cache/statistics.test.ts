import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { adjustSize, count, readStatistics, resetStatistics } from "../../../src/jit/cache/statistics.js";
import type { CacheParams } from "../../../src/jit/params.js";
import { endAll, newCache, start } from "./sandbox.js";

const test = suite("the statistics of a cache");
test.after(endAll);

const zero = { hits: 0, misses: 0, builds: 0, failures: 0, evictions: 0, bytes: 0 };
const statsOf = (cache: CacheParams): string => join(cache.cacheDir, "stats");

function emptyCache(): CacheParams {
  const cache = newCache();
  mkdirSync(cache.cacheDir);
  return cache;
}

test("a cache that does not exist has none, and is not made", () => {
  const cache = newCache();
  assert.equal(readStatistics(cache), zero);
  count(cache, "builds", 1, 100);
  resetStatistics(cache);
  assert.not(existsSync(cache.cacheDir));
});

test("what this process counts is read at once", () => {
  const cache = emptyCache();
  count(cache, "hits");
  count(cache, "hits", 2);
  count(cache, "misses");
  assert.equal(readStatistics(cache), { ...zero, hits: 3, misses: 1 });
  assert.not(existsSync(statsOf(cache)), "hits are not written one by one");
  count(cache, "builds", 1, 500);
  count(cache, "failures");
  count(cache, "evictions", 2, 300);
  const expected = { hits: 3, misses: 1, builds: 1, failures: 1, evictions: 2, bytes: 200 };
  assert.equal(readStatistics(cache), expected);
  assert.ok(existsSync(statsOf(cache)));
  adjustSize(cache, 50);
  assert.equal(readStatistics(cache), { ...expected, bytes: 250 });
});

test("hits are written when the process ends, however it does", async () => {
  const cache = emptyCache();
  const code = 'statistics.count(cache, "hits", 2); statistics.count(cache, "misses");';
  for (const end of [
    "",
    "process.exit(3)",
    'console.error = () => {}; process.on("uncaughtException", () => process.exit(1)); throw 1',
  ]) {
    await start(cache, code + end).ended;
  }
  assert.equal(readStatistics(cache), { ...zero, hits: 6, misses: 3 });
});

test("a build is counted though the process is killed", async () => {
  const cache = emptyCache();
  const { signal } = await start(
    cache,
    'statistics.count(cache, "hits"); statistics.count(cache, "builds", 1, 10); statistics.count(cache, "hits"); process.kill(process.pid, "SIGKILL")',
  ).ended;
  assert.is(signal, "SIGKILL");
  assert.equal(readStatistics(cache), { ...zero, hits: 1, builds: 1, bytes: 10 });
});

test("processes at once: nothing is lost, and little is kept", async () => {
  const cache = emptyCache();
  const code = 'for (let i = 0; i < 150; i++) statistics.count(cache, "builds", 1, 7);';
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => start(cache, code).ended));
  assert.equal(
    outcomes.map((outcome) => outcome.code),
    [0, 0, 0, 0, 0, 0],
  );
  assert.equal(readStatistics(cache), { ...zero, builds: 900, bytes: 6300 });
  assertTidy(cache);
});

test("threads, which write to the same file: nothing is lost", async () => {
  const cache = emptyCache();
  const code = `import(${JSON.stringify(new URL("../../../src/jit/cache/statistics.js", import.meta.url).href)}).then(
    ({ count }) => { for (let i = 0; i < 200; i++) count(${JSON.stringify(cache)}, "builds", 1, 3); })`;
  await Promise.all(
    [1, 2, 3].map(
      () =>
        new Promise<void>((resolve, reject) => {
          new Worker(code, { eval: true }).once("error", reject).once("exit", () => resolve());
        }),
    ),
  );
  assert.equal(readStatistics(cache), { ...zero, builds: 600, bytes: 1800 });
  assert.is(readdirSync(statsOf(cache)).length, 1);
  assertTidy(cache);
});

/** Nothing but shards, all short. */
function assertTidy(cache: CacheParams): void {
  for (const name of readdirSync(statsOf(cache))) {
    assert.match(name, /^\d+\.jsonl$/);
    assert.ok(statSync(join(statsOf(cache), name)).size < 1200, name);
  }
}

test("a line that was cut off, or is no count, spoils no other", () => {
  const cache = emptyCache();
  count(cache, "builds", 1, 10);
  const [name] = readdirSync(statsOf(cache));
  const shard = join(statsOf(cache), String(name));
  writeFileSync(
    shard,
    `${readFileSync(shard, "utf8")}\n{"builds":1,"by\n{"hits":"9","builds":1e999}\nnull\n[]\n7`,
  );
  count(cache, "builds", 1, 10);
  assert.equal(readStatistics(cache), { ...zero, builds: 2, bytes: 20 });
});

test("nothing is thrown, and nothing else written, if it cannot be written", () => {
  const cache = emptyCache();
  writeFileSync(statsOf(cache), "a file");
  count(cache, "builds", 1, 10);
  resetStatistics(cache);
  assert.equal(readStatistics(cache), zero);
  assert.is(readFileSync(statsOf(cache), "utf8"), "a file");
});

test("a reset forgets counts, not the size", async () => {
  const cache = emptyCache();
  await start(cache, 'statistics.count(cache, "builds", 2, 100); statistics.count(cache, "hits")').ended;
  count(cache, "builds", 1, 11);
  count(cache, "hits");
  resetStatistics(cache);
  assert.equal(readStatistics(cache), { ...zero, bytes: 111 });
  count(cache, "hits");
  assert.equal(readStatistics(cache), { ...zero, hits: 1, bytes: 111 });
});

test("a size that would be negative is none", () => {
  const cache = emptyCache();
  count(cache, "evictions", 1, 100);
  assert.equal(readStatistics(cache), { ...zero, evictions: 1 });
});

test.run();
