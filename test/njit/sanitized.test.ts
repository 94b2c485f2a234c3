import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { newFolder } from "../jit/caches.js";
import { installed } from "../mpi/installed.js";
import { SANITIZERS, sanitizedEnvironment } from "./fuzz/sanitizers.js";

/*
 * The compiled functions of the tests that communicate, of the bench's kernels and of loops with new arrays touch no memory that
 * is not theirs, and do nothing that C does not define: the tests themselves, with a compiler that puts sanitizers in.
 */

const folder = newFolder();
const compiler = join(folder, "sanitizing-cc");
const calls = join(folder, "calls");
writeFileSync(compiler, `#!/bin/sh\necho called >> '${calls}'\nexec cc "$@" -O1 ${SANITIZERS.join(" ")}\n`, {
  mode: 0o755,
});

/** Those that two processes run, and those that one does. */
const TESTS = ["requests", "strided"];
const ALONE = ["kernels", "rounds"];

for (const { name, launcher, env } of installed()) {
  for (const each of TESTS) {
    test(`${each} under ${name}`, () => {
      const [command = "", ...rest] = launcher;
      const program = fileURLToPath(new URL(`ranks/${each}.test.js`, import.meta.url));
      // Of the processes, not of the launcher.
      const { LD_PRELOAD, ASAN_OPTIONS, UBSAN_OPTIONS } = sanitizedEnvironment();
      const variables = Object.entries({ LD_PRELOAD, ASAN_OPTIONS, UBSAN_OPTIONS, CC: compiler });
      const settings = variables.map(([key, value]) => `${key}=${value}`);
      const { status, stdout, stderr } = spawnSync(
        command,
        [...rest, "-n", "2", "env", ...settings, process.execPath, program],
        { env: { ...process.env, ...env, NODE_V8_COVERAGE: undefined }, encoding: "utf8", timeout: 180_000 },
      );
      assert.is(status, 0, `${stdout}${stderr}`);
    });
  }
}

for (const each of ALONE) {
  test(`${each}, alone`, () => {
    const program = fileURLToPath(new URL(`${each}.test.js`, import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
      env: { ...sanitizedEnvironment(), CC: compiler, NODE_V8_COVERAGE: undefined },
      encoding: "utf8",
      timeout: 180_000,
    });
    assert.is(status, 0, `${stdout}${stderr}`);
  });
}

test("that is what was compiled", () => {
  assert.ok(existsSync(calls) && readFileSync(calls, "utf8").split("\n").length > 20);
});

test.run();
