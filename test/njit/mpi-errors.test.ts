import { test } from "uvu";
import * as assert from "uvu/assert";
import { mpi } from "../../src/index.js";
import { type NdView, type NjitError, nd, njit } from "../../src/njit/index.js";
import type { AnyFunction } from "../../src/njit/source/source.js";
import { assertThrows } from "../harness/assert.js";

// Uses of MPI that cannot be compiled are errors that show the place, before any compiler or MPI runs.

const x = new Float64Array(4);
const matrix = nd(new Float64Array(6), [2, 3]);
/** As Op.create makes them, which would begin MPI. */
const user = new mpi.Op("mine", {} as never);

type Matrix = NdView<Float64Array>;

/** What is refused, what is said of it, and what is shown of the source. */
const REFUSED: Readonly<
  Record<string, readonly [fn: AnyFunction, args: readonly unknown[], message: RegExp, shown: RegExp]>
> = {
  "another function of MPI": [
    (a: Float64Array) => {
      mpi.waitSome([mpi.irecv(a)]);
    },
    [x],
    /mpi\.waitSome cannot be called here/,
    /mpi\.waitSome/,
  ],
  "a method that communicators do not have": [
    (comm: mpi.Communicator) => {
      (comm as unknown as typeof mpi).waitAll([]);
    },
    [mpi.COMM_WORLD],
    /\.waitAll\(\) cannot be compiled/,
    /waitAll/,
  ],
  "an operator in JavaScript": [
    (a: number) => mpi.allreduce(a, user),
    [1],
    /this one is JavaScript/,
    /mpi\.allreduce\(a, user\)/,
  ],
  "a status as a result": [
    (a: Float64Array) => mpi.recv(a),
    [x],
    /status cannot be returned/,
    /mpi\.recv\(a\)/,
  ],
  "a request as a result": [
    (a: Float64Array) => mpi.irecv(a),
    [x],
    /request cannot be returned/,
    /mpi\.irecv\(a\)/,
  ],
  "a list of requests in two variables": [
    (a: Float64Array) => {
      const list: mpi.Request[] = [];
      list.push(mpi.irecv(a));
      const other = list;
      mpi.waitAll(other);
    },
    [x],
    /a list of requests is in one variable only/,
    /other = list/,
  ],
  "the same request twice": [
    (a: Float64Array) => {
      const request = mpi.irecv(a);
      mpi.waitAll([request, request]);
    },
    [x],
    /the same request is twice in the list/,
    /request, request/,
  ],
  "a number as a request": [
    (a: number) => {
      mpi.wait(a as never);
    },
    [1],
    /expected a request/,
    /mpi\.wait\(a\)/,
  ],
  "a number as a buffer": [
    (a: number) => {
      mpi.send(a as never, 0);
    },
    [1],
    /buf: expected an array/,
    /mpi\.send\(a, 0\)/,
  ],
  "an array that is reduced to nothing": [
    (a: Float64Array) => {
      mpi.allreduce(a as never);
    },
    [x],
    /recv: it is undefined/,
    /mpi\.allreduce\(a\)/,
  ],
  "undefined as a rank to send to": [
    (a: Float64Array) => {
      mpi.send(a, undefined as never, 3);
    },
    [x],
    /dest: it is undefined, so that this cannot be compiled/,
    /mpi\.send\(a, undefined, 3\)/,
  ],
  "undefined as a buffer": [
    (a: Float64Array) => {
      mpi.gather(a, undefined as never, 0);
    },
    [x],
    /recv: it is undefined, so that this cannot be compiled/,
    /mpi\.gather\(a, undefined, 0\)/,
  ],
  "an array as a rank": [
    (a: Float64Array) => {
      mpi.send(a, a as never);
    },
    [x],
    /dest: expected an integer/,
    /mpi\.send\(a, a\)/,
  ],
  "buffers of different kinds": [
    (a: Float64Array, b: Int32Array) => {
      mpi.allreduce(a, b);
    },
    [x, new Int32Array(4)],
    /send and recv are of different kinds/,
    /mpi\.allreduce\(a, b\)/,
  ],
  "a column in a reduction": [
    (a: Matrix, b: Float64Array) => {
      mpi.allreduce(a.subarray(null, 0), b);
    },
    [matrix, x],
    /do not follow each other/,
    /a\.subarray\(null, 0\)/,
  ],
  "a view and a part of it in one variable": [
    (a: Matrix) => {
      let b = a;
      b = a.subarray([0, 1], null);
      return b.get(0, 0);
    },
    [matrix],
    /is nd2\(f64\) elsewhere and cannot be strided nd2\(f64\)/,
    /b = a/,
  ],
  "a switch over what may be null": [
    (a: number) => {
      switch (mpi.reduce(a)) {
        case 0:
          return 1;
        default:
          return 2;
      }
    },
    [1],
    /expected a number for switch, got f64 or null/,
    /mpi\.reduce\(a\)/,
  ],
  "what statuses do not have": [
    (a: Float64Array) => (mpi.recv(a) as unknown as mpi.Completion).index,
    [x],
    /status has no index/,
    /mpi\.recv\(a\)\.index/,
  ],
};

for (const [name, [fn, args, message, shown]] of Object.entries(REFUSED)) {
  test(name, () => {
    const compiled = njit(fn) as unknown as (...all: unknown[]) => unknown;
    const isUnknown = /called here|cannot be compiled/.test(message.source);
    const code = isUnknown ? "ERR_NJIT_UNSUPPORTED" : "ERR_NJIT_TYPE";
    const error = assertThrows(() => compiled(...args), { code, name: "NjitError" }) as NjitError;
    assert.match(error.message, message);
    assert.match(error.message.split("\n")[2] as string, shown);
    assert.ok(error.location !== undefined);
    assert.is(mpi.initialized(), false);
  });
}

test.run();
