import { test } from "uvu";
import * as assert from "uvu/assert";
import { njit } from "../../src/njit/index.js";
import "./cache.js";

// Alone in its process: other arrays before these, and V8 compiles looks at their length in another way.

const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Memory: new (of: object) => { buffer: ArrayBuffer; grow(pages: number): void } };
};
const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;

const at = (x: Float64Array, i: number): number => x[i] as number;

function lengthOf(x: Float64Array): number {
  let n = 0;
  for (let i = 0; i < x.length; i++) n++;
  return n;
}

test("detached arrays have no elements, where V8 has compiled for them and for arrays that resize", () => {
  const [fn, length] = [njit(at), njit(lengthOf)];
  const detached = new Float64Array(3);
  for (let i = 0; i < 20_000; i++) fn(detached, 1);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  assert.throws(() => fn(detached, 1), /an array of 0 elements/);
  const resizable = new Float64Array(new Resizable(64, { maxByteLength: 1024 }));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const x = new Float64Array(memory.buffer);
  const y = new Float64Array(16);
  // Each is passed again and again, then by turns with the others.
  for (let round = 0; round < 3; round++) {
    for (const array of [resizable, y]) for (let i = 0; i < 20_000; i++) length(array);
    for (let i = 0; i < 20_000; i++) length(i % 2 === 0 ? resizable : y);
  }
  assert.is(length(resizable), 8);
  for (let i = 0; i < 1000; i++) length(x);
  assert.is(length(x), 8192);
  memory.grow(1);
  assert.is(length(x), 0);
  assert.is(length(y), 16);
  // So that it is not the one that was passed last.
  assert.is(length(resizable), 8);
  structuredClone(y.buffer, { transfer: [y.buffer] });
  assert.is(length(y), 0);
});

test.run();
