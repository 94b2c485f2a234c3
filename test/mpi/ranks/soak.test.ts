import { median } from "simple-statistics";
import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { test } from "../../harness/ranks.js";
import { ring } from "./communicators.js";
import { random } from "./kinds.js";

// A million messages with changing sizes and tags, awaited: none is lost, none comes twice, and memory does not grow.
// TYPED_MPI_SOAK says how many for other numbers of ranks and other engines, which have fewer.

const world = mpi.COMM_WORLD;
const { rank, size } = world;
const { next, previous } = ring(world);

/** Where there are more ranks than cores, each message costs a turn of the scheduler, and with ffi-rs half a millisecond. */
function usual(): number {
  if (size > 2) return 2000;
  if (mpi.library().ffi !== "koffi") return 5000;
  return size === 2 ? 1_000_000 : 20_000;
}

const MESSAGES = Number(process.env["TYPED_MPI_SOAK"] ?? usual());

/** On their way at the same time. */
const WINDOW = 32;
const TAGS = 1000;
/** Elements of the longest message. */
const LONGEST = 20_000;

interface Planned {
  readonly tag: number;
  readonly length: number;
  /** Its first and last element. */
  readonly mark: number;
}

/** The messages of a rank: most of them short, a few long enough for every protocol of a library. */
function* plan(from: number): Generator<Planned, never> {
  const next = random(4711 + from);
  for (let number = 0; ; number++) {
    const [size, kind] = [next(), next() % 50];
    const length = 1 + (kind === 0 ? size % LONGEST : kind < 10 ? size % 600 : size % 16);
    yield { tag: number % TAGS, length, mark: number + from / 16 };
  }
}

/** Memory of this process that the collector cannot give back, in MiB. */
const used = (): number => process.memoryUsage.rss() / 2 ** 20;

test(`${MESSAGES} messages to the neighbour`, async () => {
  const [sent, expected] = [plan(rank), plan(previous)];
  const outgoing = Array.from({ length: WINDOW }, () => new Float64Array(LONGEST));
  const incoming = Array.from({ length: WINDOW }, () => new Float64Array(LONGEST));
  const samples: number[] = [];
  let received = 0;
  for (let done = 0; done < MESSAGES; done += WINDOW) {
    const planned = incoming.map(() => expected.next().value);
    const receives = planned.map(({ tag }, i) => world.irecv(incoming[i] as Float64Array, previous, tag));
    const sends = outgoing.map((array, i) => {
      const { tag, length, mark } = sent.next().value;
      array[0] = mark;
      array[length - 1] = mark;
      const mode = i % 4 === 0 ? "issend" : "isend";
      return world[mode]({ data: array, count: length }, next, tag);
    });
    for await (const { index, status } of mpi.Request.completions(receives)) {
      const { tag, length, mark } = planned[index] as Planned;
      const array = incoming[index] as Float64Array;
      const isRight =
        status?.tag === tag &&
        status.source === previous &&
        status.byteLength === 8 * length &&
        array[0] === mark &&
        array[length - 1] === mark;
      if (!isRight) assert.unreachable(`message ${done + index}: ${array[0]} in ${status?.byteLength} bytes`);
      array[0] = Number.NaN;
      received++;
    }
    await Promise.all(sends);
    if ((done / WINDOW) % Math.ceil(MESSAGES / WINDOW / 40) === 0) samples.push(used());
  }
  await world.ibarrier();
  assert.is(received, Math.ceil(MESSAGES / WINDOW) * WINDOW);
  assert.is(world.iprobe(), null, "a message came that nobody sent");
  // The first quarter warms up what is compiled and pooled.
  const quarter = samples.length / 4;
  const [early, late] = [median(samples.slice(quarter, 2 * quarter)), median(samples.slice(3 * quarter))];
  assert.ok(late - early < 48, `from ${early.toFixed()} to ${late.toFixed()} MiB`);
});

test("requests that are awaited leave nothing behind", async () => {
  const self = mpi.COMM_SELF;
  const [array, other] = [new Float64Array(64), new Float64Array(60)];
  const rounds = Math.min(MESSAGES, 20_000);
  const round = async (): Promise<void> => {
    const receive = self.irecv(array, 0, 1);
    await Promise.all([receive, self.isend(other, 0, 1)]);
    const controller = new AbortController();
    const given = self.irecv(array, 0, 2).promise({ signal: controller.signal });
    controller.abort();
    await given.catch(() => {});
  };
  for (let i = 0; i < rounds / 4; i++) await round();
  const before = used();
  for (let i = 0; i < rounds / 4; i++) await round();
  const after = used();
  assert.ok(after - before < 48, `from ${before.toFixed()} to ${after.toFixed()} MiB`);
});
