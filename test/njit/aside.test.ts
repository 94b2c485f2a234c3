import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { njit } from "../../src/njit/index.js";
import { assertThrows } from "../harness/assert.js";
import { newFolder } from "../jit/caches.js";

const sum = (x: Float64Array) => {
  let s = 0;
  for (let i = 0; i < x.length; i++) s += x[i] as number;
  return s;
};
const newParams = () => ({ cache: { cacheDir: newFolder(), failDirRoot: newFolder() } });
const x = Float64Array.of(1, 2, 3.5);

async function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => assert.unreachable(),
    (error) => error,
  );
}

test("on another thread: JavaScript goes on meanwhile, and calls do not disturb each other", async () => {
  const fill = (y: Float64Array, value: number) => {
    for (let round = 0; round < 20; round++) for (let i = 0; i < y.length; i++) y[i] = value + round;
    return value;
  };
  const compiled = njit(fill, { params: newParams() });
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const arrays = [1, 2, 3].map(() => new Float64Array(400_000));
  try {
    const calls = arrays.map((y, i) => compiled.async(y, i));
    // Not compiled yet: this one is JavaScript.
    assert.is(compiled(new Float64Array(4), 7), 7);
    assert.equal(await Promise.all(calls), [0, 1, 2]);
    assert.is(compiled(new Float64Array(4), 8), 8);
  } finally {
    clearInterval(timer);
  }
  assert.ok(ticks > 0);
  for (const [i, y] of arrays.entries()) assert.ok(y.every((each) => each === i + 19));
});

test("on another thread: what it throws rejects", async () => {
  const compiled = njit((y: Float64Array, i: number) => y[i] as number, { params: newParams() });
  assert.match(
    (await rejection(compiled.async(x, 3))).message,
    /index 3 is outside of an array of 3 elements/,
  );
  assert.is(await compiled.async(x, 2), 3.5);
  assert.match((await rejection(compiled.async("x" as never, 2))).message, /y: expected/);
});

test('tier "background" runs the JavaScript until the compiler has ended', async () => {
  const compiled = njit(sum, { params: newParams(), tier: "background" });
  assert.is(compiled(x), 6.5);
  assert.equal(compiled.signatures, []);
  for (let i = 0; i < 600 && compiled.signatures.length === 0; i++) await pause(50);
  assert.equal(compiled.signatures, ["f64[]"]);
  assert.is(compiled(x), 6.5);
});

test('tier "background": what the compiler does not like is told once it is known', async () => {
  const params = { ...newParams(), build: { cc: "false" } };
  const compiled = njit(sum, { params, tier: "background" });
  assert.is(compiled(x), 6.5);
  let error: unknown;
  for (let i = 0; i < 600 && error === undefined; i++) {
    await pause(50);
    try {
      compiled(x);
    } catch (reason) {
      error = reason;
    }
  }
  assertThrows(
    () => {
      throw error;
    },
    { code: "ERR_JIT_COMPILE" },
  );
  // What cannot be compiled at all is told at once.
  assertThrows(() => njit(() => "text", { tier: "background" })(), {
    code: "ERR_NJIT_UNSUPPORTED",
  });
  assertThrows(() => njit(sum, { tier: "later" as never }), { code: "ERR_INVALID_ARG_TYPE" });
});

test.run();
