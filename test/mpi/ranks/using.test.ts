import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";
import { ring } from "./communicators.js";
import { inHaste, LATE } from "./haste.js";
import { deliver, expecting } from "./to-self.js";

// `using request`: what is waited for, and what is given up, at the end of a block.

const world = mpi.COMM_WORLD;
const self = mpi.COMM_SELF;
const { rank, size } = world;
const { next, previous } = ring(world);

test("using waits for what it leaves", () => {
  const array = new Float64Array(1);
  const send = deliver(5);
  {
    using request = expecting(5, array);
    assert.is(request.done, false);
  }
  assertArray(array, Float64Array.of(5));
  send.wait();
});

test("using gives up a receive that has not begun, and leaves the message to others", () => {
  const array = new Float64Array(1);
  let left: mpi.Request;
  {
    using request = expecting(5, array);
    left = request;
  }
  assert.is(left.wait().cancelled, true);
  const send = deliver(5);
  const other = new Float64Array(1);
  self.recv(other, 0, 5);
  assertArray(other, Float64Array.of(5));
  assertArray(array, Float64Array.of(0));
  send.wait();
});

test("using waits for a message that is on its way, to and from", () => {
  const [out, into] = [new Float64Array(250_000).fill(rank), new Float64Array(250_000)];
  {
    using _sending = world.issend(out, next, 5);
    using _receiving = world.mprobe(previous, 5).irecv(into);
  }
  out.fill(-1);
  assertArray(into, new Float64Array(into.length).fill(previous));
});

test("using throws after half a minute for a send that nobody receives, which goes on", async () => {
  const send = self.issend(Float64Array.of(7), 0, 7);
  inHaste(() => assertThrows(() => send[Symbol.dispose](), LATE));
  assert.is(send.done, false);
  const array = new Float64Array(1);
  self.recv(array, 0, 7);
  assertArray(array, Float64Array.of(7));
  assert.is((await send).cancelled, false);
  send[Symbol.dispose]();
});

test(
  "using throws after half a minute for a collective operation that lacks others, which goes on",
  async () => {
    if (rank === 0) {
      const barrier = world.ibarrier();
      inHaste(() => assertThrows(() => barrier[Symbol.dispose](), LATE));
      for (let other = 1; other < size; other++) world.send(new Int8Array(1), other, 6);
      await barrier;
    } else {
      world.recv(new Int8Array(1), 0, 6);
      await world.ibarrier();
    }
  },
  { skip: size === 1 && "there is nobody to wait for" },
);
