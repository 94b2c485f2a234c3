/*
 * lock-program CACHEDIR SIGNATURE LOG COUNT [die]: takes the lock COUNT times, writing `+pid` and `-pid` to LOG while it
 * holds it; with `die` it kills itself while holding it.
 */
import { appendFileSync } from "node:fs";
import { withLock } from "../../../src/jit/cache/lock.js";
import { pause, perform, runAsync, runSync, type Steps } from "../../../src/jit/steps.js";
import { cacheIn } from "./store-fixture.js";

const [, , cacheDir, signature, log, count, how] = process.argv as [
  string,
  string,
  string,
  string,
  string,
  string,
  string?,
];

function* critical(): Steps<void> {
  appendFileSync(log, `+${process.pid}\n`);
  if (how === "die") process.kill(process.pid, "SIGKILL");
  yield* perform(pause(how === "long" ? 60_000 : 3));
  appendFileSync(log, `-${process.pid}\n`);
}

for (let i = 0; i < Number(count); i++) {
  const steps = withLock(signature, cacheIn(cacheDir), critical);
  if (i % 2 === 0) runSync(steps);
  else await runAsync(steps);
}
