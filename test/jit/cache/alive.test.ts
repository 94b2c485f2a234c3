import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { pid } from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isAlive } from "../../../src/jit/cache/alive.js";
import { until } from "../processes.js";

const alive = suite("which processes are alive");

alive("this one is, and the first of all; one that has ended is not, nor what is no id", () => {
  assert.is(isAlive(pid), true);
  assert.is(isAlive(1), true);
  assert.is(isAlive(spawnSync("true").pid), false);
  for (const none of [0, -1, Number.NaN, 2 ** 31]) assert.is(isAlive(none), false, String(none));
});

if (process.platform === "linux") {
  alive("one that has ended is not, though its parent does not ask how", async () => {
    // What the shell becomes knows nothing of the child.
    const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = await once(parent.stdout, "data");
      const child = Number(line);
      await until(
        () => readFileSync(`/proc/${child}/stat`, "latin1").includes(") Z "),
        "the end of the child",
      );
      process.kill(child, 0);
      assert.is(isAlive(child), false);
    } finally {
      parent.kill("SIGKILL");
    }
  });
}

alive.run();
