import { spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isMiss } from "../../../src/jit/cache/entry.js";
import { lookupEntry } from "../../../src/jit/cache/lookup.js";
import { filesOf } from "../caches.js";
import { found, libraryOf, newCache, publish } from "./store-fixture.js";

const PROGRAM = fileURLToPath(new URL("killed-program.js", import.meta.url));

const digest = (filename: string): string => hash("sha256", readFileSync(filename));

for (const isReplaced of [false, true]) {
  test(`kill -9 before each change of the disk (${isReplaced ? "an entry replaced" : "a new entry"})`, () => {
    const cache = newCache({ lockTimeout: 5 });
    const builds = [libraryOf(1), libraryOf(2)] as const;
    const digests = builds.map(digest);
    const run = (step: number): NodeJS.Signals | null => {
      const args = [PROGRAM, JSON.stringify(cache), "s", "2", String(step), builds[1]];
      const { signal, status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      assert.ok(signal === "SIGKILL" || status === 0, stderr);
      return signal;
    };
    let step = 0;
    let misses = 0;
    for (;;) {
      if (isReplaced) publish("s", cache);
      if (run(++step) === null) break;
      const result = lookupEntry("s", cache);
      if (isMiss(result)) {
        misses++;
        assert.is(result.reason, "there is no entry");
      } else {
        assert.is(digest(result.libFilename), result.manifest.library.sha256);
        assert.ok(digests.includes(result.manifest.library.sha256));
      }
    }
    assert.ok(step > 10, `only ${step} steps`);
    assert.ok(misses > 0);
    assert.is(found("s", cache).manifest.library.sha256, digests[1]);
    // The last one healed everything.
    const expected = ["include/s.h", "lib/libtyped-mpi-s.so", "log/s.txt", "manifest/s.json", "src/s.cpp.gz"];
    assert.equal(filesOf(cache.cacheDir), expected);
  });
}

test.run();
