import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { njit } from "../../../src/njit/index.js";
import { test } from "../../harness/ranks.js";
import "../cache.js";

// Math.random with a seed: other numbers on each rank, and the same in each run.

const COUNT = 50;

const draw = (x: Float64Array): void => {
  for (let i = 0; i < x.length; i++) x[i] = Math.random();
};

const drawn = (seed: number): Float64Array => {
  const x = new Float64Array(COUNT);
  njit(draw, { seed })(x);
  return x;
};

// Before MPI is initialized, too.
const early = drawn(1);

test("each rank has numbers of its own", () => {
  const all = mpi.allgather(early, new Float64Array(COUNT * mpi.size()));
  assert.is(new Set(all).size, all.length);
});

test("they are the same again, and others for another seed", () => {
  assert.equal(drawn(1), early);
  const both = mpi.allgather(drawn(2), new Float64Array(COUNT * mpi.size()));
  assert.not(both.some((each) => early.includes(each)));
});

test("the ranks' numbers are not those of each other, shifted", () => {
  const all = mpi.allgather(drawn(3), new Float64Array(COUNT * mpi.size()));
  for (let rank = 1; rank < mpi.size(); rank++) {
    let product = 0;
    for (let i = 0; i < COUNT; i++)
      product += ((all[i] as number) - 0.5) * ((all[rank * COUNT + i] as number) - 0.5);
    assert.ok(Math.abs(product / COUNT) < 5 / (12 * Math.sqrt(COUNT)), `covariance ${product / COUNT}`);
  }
});
