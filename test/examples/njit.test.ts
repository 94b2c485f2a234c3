import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { installed } from "../mpi/installed.js";
import "../njit/cache.js";

// Each program of examples/njit checks itself, against JavaScript or a serial result; here they run under every MPI.

const PROGRAMS = fileURLToPath(new URL("programs.js", import.meta.url));
const SOURCES = new URL("../../../examples/njit/", import.meta.url);
const names = readdirSync(SOURCES).map((name) => name.replace(/\.ts$/, ".js"));

/** Of pi, and steps of Cahn-Hilliard: MPICH needs milliseconds for a message where ranks outnumber cores. */
const TIMES = "100";

const examples = suite("examples of njit");
for (const { name, launcher, env } of installed()) {
  for (const ranks of [1, 2, 3, 4]) {
    examples(`${name}, ${ranks} ranks`, () => {
      const [command = "", ...rest] = launcher;
      const program = [process.execPath, "--enable-source-maps", PROGRAMS, "njit", TIMES];
      const { status, stdout, stderr } = spawnSync(command, [...rest, "-n", String(ranks), ...program], {
        env: { ...process.env, ...env, NODE_V8_COVERAGE: undefined },
        encoding: "utf8",
        timeout: 60_000,
      });
      assert.is(status, 0, stdout + stderr);
      for (const each of names) assert.is(stdout.split(`ran ${each}\n`).length - 1, ranks, stdout);
      for (const line of [
        `rank ${ranks - 1} of ${ranks}\n`,
        "pi = 3.14159",
        "the same in JavaScript",
        `a row to the left on ${ranks} ranks`,
        "mean 0.000308",
        "difference from the serial result: 0\n",
      ]) {
        assert.ok(stdout.includes(line), `"${line}" is not in:\n${stdout}`);
      }
    });
  }
}
examples.run();
