import * as mpi from "../../../src/mpi/index.js";
import { assertArray, test } from "../../harness/ranks.js";
import { inAllForms, type Trial } from "./forms.js";
import { ARRAYS, type ArrayKind, generator, numbered, places, randomView, type View } from "./views.js";

/* Views with negative strides in every collective operation that moves data, against the plain model. */

const { COMM_WORLD: comm, IN_PLACE } = mpi;
const { rank, size } = comm;
type Random = (below: number) => number;
type Numbers = Float64Array;

/** A view that can be divided into parts for all ranks, and how much memory it needs. */
function wholeView(random: Random): { view: View; length: number } {
  const { view, length } = randomView(random);
  const { shape, strides, offset } = view;
  // One more dimension, the first one, around them; half of them backwards.
  const parts = size * (1 + random(2));
  // Along the elements (rows) or behind all of them.
  const step = random(2) === 0 && shape.length === 1 && shape[0] === 1 ? 1 : length + random(2);
  const isBackwards = random(2) === 0;
  return {
    view: {
      shape: [parts, ...shape],
      strides: [isBackwards ? -step : step, ...strides],
      offset: offset + (isBackwards ? step * (parts - 1) : 0),
    },
    length: length + step * (parts - 1),
  };
}

interface Case {
  readonly kind: ArrayKind;
  readonly view: View;
  readonly at: readonly number[];
  readonly length: number;
  readonly root: number;
}

/**
 * An array with as much unused memory behind it: MPICH looks for the part of a rank as many bytes behind the view
 * as it would be without gaps and forwards, and refuses a buffer that begins there as the same.
 */
function memory({ kind, length }: Case, first: number): Numbers {
  const data = new kind(new ArrayBuffer(2 * length * kind.BYTES_PER_ELEMENT), 0, length);
  data.set(numbered(kind, length, first));
  return data;
}

/** What a rank has in some round. */
const own = ({ kind, at }: Case, of: number, round: number): Numbers =>
  numbered(kind, at.length / size, 31 * of + 7 * round);

/** Puts the part of one rank into a whole, in the order of the view's elements. */
function put(data: Numbers, { at }: Case, of: number, part: Numbers): void {
  for (const [i, value] of part.entries()) data[at[of * part.length + i] as number] = value;
}

const part = (data: Numbers, { at, kind }: Case, of: number): Numbers => {
  const length = at.length / size;
  return kind.from({ length }, (_, i) => data[at[of * length + i] as number] as number);
};

/** An operation in which this process's part goes into `data`, the view of all. */
function collects(method: string, given: Case, isRoot: boolean, inPlace: boolean, rest: number[]): Trial {
  const data = memory(given, 50);
  const send = own(given, rank, 0);
  const whole = isRoot ? { data, ...given.view } : null;
  return {
    method,
    args: [isRoot && inPlace ? IN_PLACE : send, whole, ...rest],
    fill(round) {
      data.set(memory(given, 50));
      send.set(own(given, rank, round));
      if (isRoot && inPlace) put(data, given, rank, send);
    },
    check(round) {
      const expected = memory(given, 50);
      for (let i = 0; isRoot && i < size; i++) put(expected, given, i, own(given, i, round));
      assertArray(data, expected);
    },
  };
}

function deals(given: Case, inPlace: boolean): Trial {
  const isRoot = rank === given.root;
  const data = memory(given, 0);
  const recv = own(given, 0, 0);
  const stays = isRoot && inPlace;
  return {
    method: "scatter",
    args: [isRoot ? { data, ...given.view } : null, stays ? IN_PLACE : recv, given.root],
    fill(round) {
      data.set(memory(given, round));
      recv.set(own(given, 0, 0));
    },
    check(round) {
      if (!stays) assertArray(recv, part(memory(given, round), given, rank));
      assertArray(data, memory(given, round));
    },
  };
}

function exchanges(given: Case, inPlace: boolean): Trial {
  const send = memory(given, 0);
  const data = memory(given, 0);
  const sent = (of: number, round: number): Numbers => memory(given, 31 * of + 7 * round);
  return {
    method: "alltoall",
    args: [inPlace ? IN_PLACE : { data: send, ...given.view }, { data, ...given.view }],
    fill(round) {
      send.set(sent(rank, round));
      data.set(inPlace ? send : memory(given, 50));
    },
    check(round) {
      const expected = inPlace ? sent(rank, round) : memory(given, 50);
      for (let i = 0; i < size; i++) put(expected, given, i, part(sent(i, round), given, rank));
      assertArray(data, expected);
    },
  };
}

function broadcasts(given: Case): Trial {
  const data = memory(given, 0);
  const sent = (of: number, round: number): Numbers => memory(given, 31 * of + 7 * round);
  return {
    method: "bcast",
    args: [{ data, ...given.view }, given.root],
    fill: (round) => data.set(sent(rank, round)),
    check(round) {
      const expected = sent(rank, round);
      for (let i = 0; i < size; i++) put(expected, given, i, part(sent(given.root, round), given, i));
      assertArray(data, expected);
    },
  };
}

const OPERATIONS: readonly [name: string, trial: (given: Case, inPlace: boolean) => Trial][] = [
  ["gather", (given, inPlace) => collects("gather", given, rank === given.root, inPlace, [given.root])],
  ["allgather", (given, inPlace) => collects("allgather", given, true, inPlace, [])],
  ["scatter", deals],
  ["alltoall", exchanges],
  ["bcast", broadcasts],
];

for (const [seed, [name, trial]] of OPERATIONS.entries()) {
  test(`${name} of views in any direction, in all forms`, async () => {
    const random = generator(seed + 1);
    for (let i = 0; i < 16; i++) {
      const { view, length } = wholeView(random);
      const kind = ARRAYS[random(ARRAYS.length)] as ArrayKind;
      const given = { kind, view, length, at: places(view), root: random(size) };
      await inAllForms(comm, trial(given, i % 2 === 1));
    }
  });
}

test("sendrecvReplace of views in any direction", () => {
  const random = generator(9);
  for (let i = 0; i < ARRAYS.length; i++) {
    const { view, length } = wholeView(random);
    const given = { kind: ARRAYS[i] as ArrayKind, view, length, at: places(view), root: 0 };
    const before = (rank + size - 1) % size;
    const data = memory(given, 31 * rank);
    comm.sendrecvReplace({ data, ...view }, (rank + 1) % size, 1, before, 1);
    const expected = memory(given, 31 * rank);
    for (let k = 0; k < size; k++) put(expected, given, k, part(memory(given, 31 * before), given, k));
    assertArray(data, expected);
  }
});

test("elements of a datatype that goes backwards, collected from the last to the first", async () => {
  using backwards = mpi.Datatype.resized(mpi.INT32_T, 0, -4);
  const count = 2 * size;
  const forwards = Int32Array.from({ length: count }, (_, i) => 10 * (i >> 1) + (i & 1));
  const check = (data: Int32Array): void => assertArray(data.slice().reverse(), forwards);
  for (let root = 0; root < size; root++) {
    const data = new Int32Array(2 * count).subarray(0, count); // as in memory()
    const whole = { data, type: backwards, offset: count - 1, count };
    const send = { data: Int32Array.of(10 * rank + 1, 10 * rank), type: backwards, offset: 1, count: 2 };
    comm.gather(send, rank === root ? whole : null, root);
    if (rank === root) check(data);
    comm.allgather(send, whole);
    check(data);
    data.fill(0);
    await comm.iallgather(send, whole);
    check(data);
  }
});
