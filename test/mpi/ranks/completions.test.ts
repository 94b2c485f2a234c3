import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertRejects, test } from "../../harness/ranks.js";
import { deliver, expecting } from "./to-self.js";

// Requests as they complete: an asynchronous iterator over many of them.

const self = mpi.COMM_SELF;

test("completions gives the requests as they complete, each once", async () => {
  const done = expecting(9);
  const sends = [deliver(9)];
  done.wait();
  const requests = [expecting(0), done, expecting(2), expecting(3)];
  const order = [3, 0, 2];
  const seen: number[] = [];
  sends.push(deliver(order[0] as number));
  for await (const { index, status } of mpi.Request.completions(requests)) {
    assert.is(status?.tag, index);
    seen.push(index);
    const following = order[seen.length];
    if (following !== undefined) sends.push(deliver(following));
  }
  assert.equal(seen, order);
  for await (const { index } of mpi.Request.completions(requests)) assert.unreachable(`${index} again`);
  for await (const { index } of mpi.Request.completions([])) assert.unreachable(`${index} of none`);
  await Promise.all(sends);
});

test("completions throws for a failure when its turn comes, and can be left early", async () => {
  const sends = [deliver(1, 3), deliver(2)];
  const [bad, good] = [expecting(1), expecting(2)];
  const iterate = async (): Promise<void> => {
    for await (const { index } of mpi.Request.completions([bad, good])) assert.is(index, 1);
  };
  await assertRejects(iterate(), { code: "ERR_MPI_TRUNCATE" });
  assert.is((await good).tag, 2);
  const [first, second] = [expecting(1), expecting(2)];
  sends.push(deliver(2));
  for await (const { index } of mpi.Request.completions([first, second])) {
    assert.is(index, 1);
    break;
  }
  sends.push(deliver(1));
  assert.is((await first).tag, 1);
  await Promise.all(sends);
  await assertRejects(mpi.Request.completions("no" as never).next(), {
    argument: "requests",
    code: "ERR_INVALID_ARG_TYPE",
  });
});

const told = async (requests: readonly mpi.Request[]): Promise<number[]> => {
  const indices: number[] = [];
  for await (const { index } of mpi.Request.completions(requests)) indices.push(index);
  return indices;
};

test("completions after a loop that was left goes on with those that it did not tell of", async () => {
  const requests = [expecting(0), expecting(1), expecting(2)];
  const sends = [deliver(0), deliver(1)];
  const first: number[] = [];
  for await (const { index } of mpi.Request.completions(requests)) {
    first.push(index);
    // The other one that is complete is known to be.
    if (requests.filter(({ done }) => done).length === 2) break;
  }
  sends.push(deliver(2));
  assert.equal([...first, ...(await told(requests))].sort(), [0, 1, 2]);
  assert.equal(await told(requests), []);
  await Promise.all(sends);
});

test("a loop over completions that was left does not end the awaits of others", async () => {
  const requests = [expecting(1), expecting(2)];
  const awaited = requests[0]?.promise();
  const sends = [deliver(2)];
  for await (const { index } of mpi.Request.completions(requests)) {
    assert.is(index, 1);
    break;
  }
  sends.push(deliver(1));
  assert.is((await awaited)?.tag, 1);
  await Promise.all(sends);
});

test("completions tells of one that was started again or freed since as of any other", async () => {
  const requests = [1, 2, 3].map((tag) => self.recvInit(new Float64Array(1), 0, tag));
  const [, again, freed] = requests as [mpi.PersistentRequest, mpi.PersistentRequest, mpi.PersistentRequest];
  mpi.PersistentRequest.startAll(requests);
  const sends = [deliver(1), deliver(2), deliver(3)];
  for await (const { index } of mpi.Request.completions(requests)) {
    assert.is(index, 0);
    break;
  }
  mpi.waitAll(requests);
  again.start();
  freed.free();
  sends.push(deliver(2));
  assert.equal(await told(requests), [1]);
  await Promise.all(sends);
  for (const request of requests) request.free();
});

test("a failure in completions knows of those that ended with it, and hides no other failure", async () => {
  const sends = [deliver(1, 3), deliver(2), deliver(3, 3)];
  const requests = [expecting(1), expecting(2), expecting(3)];
  const seen: number[] = [];
  for (let loops = 0; loops < 4; loops++) {
    try {
      for await (const { index } of mpi.Request.completions(requests)) seen.push(index);
    } catch (error) {
      const { code, index, completions } = error as mpi.MpiError & {
        index: number;
        completions: mpi.Completion[];
      };
      assert.is(code, "ERR_MPI_TRUNCATE");
      seen.push(index, ...completions.map((completion) => completion.index));
    }
  }
  assert.equal(seen.sort(), [0, 1, 2]);
  await Promise.all(sends);
});
