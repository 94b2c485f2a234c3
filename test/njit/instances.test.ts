import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { njit } from "../../src/njit/index.js";
import "./cache.js";

/* One compiled library, and several who call it: each has arguments and results of its own. */

const MODULE = new URL("../../src/njit/index.js", import.meta.url).href;
const source = "(x) => x * 3 + 0.5";
const scale = new Function(`return ${source}`)() as (x: number) => number;

test("a worker that compiles and calls the same function, and ends", async () => {
  const fn = njit(scale);
  assert.equal([fn(1), fn(2)], [3.5, 6.5]);
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
     import("${MODULE}").then(({ njit }) => {
       const fn = njit(${source});
       parentPort.on("message", (x) => parentPort.postMessage(fn(x)));
       parentPort.postMessage("ready");
     });`,
    { eval: true },
  );
  await once(worker, "message");
  worker.postMessage(100);
  const [got] = await once(worker, "message");
  assert.is(got, 300.5);
  assert.is(fn(1), 3.5);
  const answers = once(worker, "message");
  worker.postMessage(200);
  for (let i = 0; i < 100_000; i++) if (fn(i) !== scale(i)) throw new Error(`${fn(i)} of ${i}`);
  assert.equal(await answers, [600.5]);
  await worker.terminate();
  for (let i = 0; i < 1000; i++) assert.is(fn(i), scale(i));
});

test("another copy of this package", async () => {
  const installed = import.meta.resolve("typed-mpi/njit");
  const load = async (module: string): Promise<typeof scale> =>
    ((await import(module)) as { njit: typeof njit }).njit(scale);
  const [ours, theirs] = [await load(installed), await load(`${installed}?copy`)];
  assert.is.not(ours, theirs);
  assert.equal([ours(1), theirs(2), ours(3), theirs(4)], [3.5, 6.5, 9.5, 12.5]);
});

test("functions with the same code", () => {
  const [one, other] = [njit((x: number) => x - 1), njit((x: number) => x - 1)];
  assert.equal([one(1), other(2), one(3), other(4)], [0, 1, 2, 3]);
});

test.run();
