import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { installed } from "../mpi/installed.js";

// Each program of examples/tutorial checks itself; here they run under every MPI, at 1 to 4 ranks.

const PROGRAMS = fileURLToPath(new URL("programs.js", import.meta.url));
const SOURCES = new URL("../../../examples/tutorial/", import.meta.url);
const names = readdirSync(SOURCES).map((name) => name.replace(/\.ts$/, ".js"));

/** What rank 0 prints at so many ranks. */
const PRINTED: Record<number, readonly string[]> = {
  1: [
    "received that of rank 0",
    "collectives of objects: 1\n",
    "3 x 3, norm 14.491",
    "1 results from 1 ranks",
  ],
  2: ["around 2 ranks", "collectives of arrays: 0 1, then 0 1 1", "12 results from 2 ranks", 'words "a ab"'],
  3: ["received that of rank 2", "collectives of objects: 1 4 9\n", "mean 1.5,", "largest 4,2"],
  4: ["around 4 ranks", "12 x 12,", "64 results from 4 ranks", 'words "a ab abc abcd", largest 4,2'],
};

const tutorial = suite("tutorial");
for (const { name, launcher, env } of installed()) {
  for (const [ranks, lines] of Object.entries(PRINTED)) {
    tutorial(`${name}, ${ranks} ranks`, () => {
      const [command = "", ...rest] = launcher;
      const { status, stdout, stderr } = spawnSync(
        command,
        [...rest, "-n", ranks, process.execPath, "--enable-source-maps", PROGRAMS, "tutorial"],
        { env: { ...process.env, ...env, NODE_V8_COVERAGE: undefined }, encoding: "utf8", timeout: 60_000 },
      );
      assert.is(status, 0, stdout + stderr);
      for (const program of names)
        assert.is(stdout.split(`ran ${program}\n`).length - 1, Number(ranks), stdout);
      for (const line of lines) assert.ok(stdout.includes(line), `"${line}" is not in:\n${stdout}`);
    });
  }
}
tutorial.run();
