import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mpi } from "../../src/index.js";
import { type Compiled, njit } from "../../src/njit/index.js";
import { assertThrows } from "../harness/assert.js";
import { assertSame, type Tested } from "./compare.js";
import { functionOf } from "./text.js";

/* Defects that were found in use or by a second pair of eyes, each mended since. */

const once = suite("njit: once wrong");

once("two functions with the same text do not share their arguments and results", () => {
  const [first, second] = [njit((x: number) => x + 1), njit((x: number) => x + 1)];
  assert.is(first(1), 2);
  assert.is(second(10), 11);
  assert.is(first(3), 4);
  const make = (x: Float64Array) => njit((i: number) => x[i] as number);
  const [one, two] = [make(Float64Array.of(1, 2)), make(Float64Array.of(10, 20))];
  assert.equal([one(0), two(0), one(1), two(1)], [1, 10, 2, 20]);
});

once("versions of one function whose C is the same do not share them either", () => {
  const fn = njit((x: Uint8Array | Uint8ClampedArray) => x[0] as number);
  assert.equal([fn(Uint8Array.of(1)), fn(Uint8ClampedArray.of(2)), fn(Uint8Array.of(3))], [1, 2, 3]);
});

once("PROC_NULL, ANY_TAG and ANY_SOURCE are the ones of this package", () => {
  const fn = njit((x: Float64Array, y: Float64Array) => {
    mpi.send(x, mpi.PROC_NULL, 0);
    const nobody = mpi.recv(y, mpi.PROC_NULL, 0);
    const neither = mpi.sendrecv(x, mpi.PROC_NULL, 0, y, mpi.PROC_NULL, 0);
    const sending = mpi.isend(x, 0, 3);
    const status = mpi.recv(y, mpi.ANY_SOURCE, mpi.ANY_TAG);
    sending.wait();
    return [nobody.source, nobody.tag, neither.source, neither.tag, status.source, status.tag];
  });
  assertSame(fn, () => [Float64Array.of(1), new Float64Array(1)]);
});

once("an operation of MPI in the argument of a reduction", () => {
  assertSame(
    njit(() => mpi.allreduce(mpi.rank() + mpi.size())),
    () => [],
  );
  assertSame(
    njit((x: number) => mpi.allreduce(mpi.allreduce(x))),
    () => [3],
  );
});

once("a rank of more than 32 bits is not cut", () => {
  const fn = njit((x: Float64Array, root: number) => {
    mpi.bcast(x, root);
  });
  assertThrows(() => fn(new Float64Array(1), 2 ** 32), { code: "ERR_OUT_OF_RANGE" });
});

once("buffers of different kinds are refused", () => {
  const reduce = njit((x: Int32Array, y: Float64Array) => {
    mpi.allreduce(x, y);
  });
  assertThrows(() => reduce(new Int32Array(2), new Float64Array(2)), { code: "ERR_NJIT_TYPE" });
});

once("the sum of a boolean is refused", () => {
  const fn = njit((x: boolean) => mpi.allreduce(x as unknown as number));
  assertThrows(() => fn(true), { code: "ERR_NJIT_TYPE" });
});

const same = (name: string, text: string, ...args: readonly (() => unknown[])[]): void => {
  once(name, () => {
    const fn = njit(functionOf(text)) as Compiled<Tested>;
    for (const make of args) assertSame(fn, make);
  });
};

same("set with an offset", "(x, y) => { x.set(y, 2); }", () => [new Float64Array(4), Float64Array.of(1, 2)]);
same("an index is evaluated before what is added", "(x) => { let i = 0; x[i] += (i = 1, 5); }", () => [
  Float64Array.of(1, 2),
]);
same("a function that only throws", '() => { throw new TypeError("no"); }', () => []);
same(
  "lengths and places are truncated",
  "(x, a) => [new Float64Array(a).length, x.subarray(a).length, x.subarray(0, a).length]",
  () => [new Float64Array(4), 2.5],
  () => [new Float64Array(4), Number.NaN],
);
once("several results within several are an error with a place", () => {
  assertThrows(() => njit(functionOf("(x) => [x, [x, 1]]"))(1), { code: "ERR_NJIT_TYPE" });
});
once("the column of what stands in the first line of a function with a name", () => {
  const fn = njit(functionOf("function f(x) { return this; }", "place.js"));
  const error = assertThrows(() => fn(1), { code: "ERR_NJIT_UNSUPPORTED" });
  assert.ok(error.message.includes("place.js:1:24"), error.message);
});

same("an array is taken before what its index does", "(a, b) => { let t = a; return t[(t = b, 0)]; }", () => [
  Float64Array.of(1),
  Float64Array.of(2),
]);

same(
  "0 minus a converted integer is 0",
  "(n) => Math.fround(0 - 0) - (n | 0)",
  () => [0],
  () => [2],
);

once("more results than there are places for", () => {
  const results = (count: number) =>
    njit(
      functionOf(`(x) => [${Array.from({ length: count }, (_, i) => `x + ${i}`).join(", ")}]`),
    ) as Compiled<Tested>;
  assertSame(results(16), () => [1]);
  assertThrows(() => results(17)(1), { code: "ERR_NJIT_TYPE", message: /17 results are too many/ });
});

once.run();
