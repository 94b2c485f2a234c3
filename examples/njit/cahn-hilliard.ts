/*
 * Two liquids that part: the Cahn-Hilliard equation c_t = laplacian(c^3 - c - GAMMA laplacian(c)) on a square whose
 * opposite edges are joined. The whole time loop, messages and all, is one compiled function.
 *
 *   mpirun -n 4 node build/examples/njit/cahn-hilliard.js [steps]
 *
 * The square is cut into blocks of rows. A step needs two rows above a block and two below it, which belong to
 * other ranks: each block has room for copies of them, and for one more column at each side.
 */
import { mpi } from "typed-mpi";
import { njit } from "typed-mpi/njit";

const N = 48; // points in each direction
const STEPS = Number(process.argv[2] ?? 2000);
const DT = 0.02; // the distance of the points is 1
const GAMMA = 0.5;

const WIDTH = N + 2; // of a row, with the columns at its sides
const HALO = 2; // rows at each end

/** Joins the left edge of a row to the right one. */
function wrap(x: Float64Array, row: number): void {
  const begin = row * WIDTH;
  x[begin] = x[begin + N]!;
  x[begin + N + 1] = x[begin + 1]!;
}

const laplacian = (x: Float64Array, k: number): number =>
  x[k - 1]! + x[k + 1]! + x[k - WIDTH]! + x[k + WIDTH]! - 4 * x[k]!;

/** `steps` explicit Euler steps of a block of `rows` rows; `mu` is room for the potential. */
const evolve = njit(
  (comm: mpi.Communicator, c: Float64Array, mu: Float64Array, rows: number, steps: number) => {
    const rank = comm.rank;
    const size = comm.size;
    const above = (rank + size - 1) % size;
    const below = (rank + 1) % size;
    const two = HALO * WIDTH;
    const end = rows * WIDTH;
    for (let step = 0; step < steps; step++) {
      const fromAbove = comm.irecv(c.subarray(0, two), above, 0);
      const fromBelow = comm.irecv(c.subarray(end + two, end + 2 * two), below, 1);
      const toBelow = comm.isend(c.subarray(end, end + two), below, 0);
      const toAbove = comm.isend(c.subarray(two, 2 * two), above, 1);
      mpi.waitAll([fromAbove, fromBelow, toBelow, toAbove]);

      for (let j = 0; j < rows + 4; j++) wrap(c, j);
      for (let j = 1; j < rows + 3; j++) {
        for (let k = j * WIDTH + 1; k <= j * WIDTH + N; k++) {
          mu[k] = c[k]! * c[k]! * c[k]! - c[k]! - GAMMA * laplacian(c, k);
        }
        wrap(mu, j);
      }
      for (let j = 2; j < rows + 2; j++) {
        for (let k = j * WIDTH + 1; k <= j * WIDTH + N; k++) c[k] = c[k]! + DT * laplacian(mu, k);
      }
    }
  },
);

/** Noise around 0, the same for each point whatever rank it is on. */
const noise = (j: number, i: number): number => 0.1 * Math.sin(12.9898 * j * j + 78.233 * i * i);

/** A block of the square at time 0: `rows` rows from `first`, without its halo. */
function block(first: number, rows: number): Float64Array {
  const c = new Float64Array((rows + 2 * HALO) * WIDTH);
  for (let j = 0; j < rows; j++) {
    for (let i = 1; i <= N; i++) c[(j + HALO) * WIDTH + i] = noise(first + j, i);
  }
  return c;
}

/** How far `a` is from `b` at most, and the sum and the extremes of `a`. */
const compared = njit((a: Float64Array, b: Float64Array) => {
  let [difference, mass, least, most] = [0, 0, 1, -1];
  for (let k = 0; k < a.length; k++) {
    if (k % WIDTH === 0 || k % WIDTH === N + 1) continue;
    const x = a[k]!;
    difference = Math.max(difference, Math.abs(x - b[k]!));
    mass += x;
    least = Math.min(least, x);
    most = Math.max(most, x);
  }
  return {
    difference: mpi.allreduce(difference, mpi.MAX),
    mass: mpi.allreduce(mass),
    least: mpi.allreduce(least, mpi.MIN),
    most: mpi.allreduce(most, mpi.MAX),
  };
});

const { rank, size } = mpi.COMM_WORLD;
if (N % size !== 0 || N / size < HALO) throw new Error(`${N} rows cannot be divided among ${size} ranks`);
const rows = N / size;
const own = (c: Float64Array, first: number): Float64Array =>
  c.subarray((first + HALO) * WIDTH, (first + HALO + rows) * WIDTH);

const c = block(rank * rows, rows);
const mu = new Float64Array(c.length);
evolve(mpi.COMM_WORLD, c, mu, rows, 0); // compiles it
mpi.barrier();
const start = mpi.wtime();
evolve(mpi.COMM_WORLD, c, mu, rows, STEPS);
const seconds = mpi.allreduce(mpi.wtime() - start, mpi.MAX);

// The whole square on each rank alone, in JavaScript.
const whole = block(0, N);
const serialStart = mpi.wtime();
evolve.js(mpi.COMM_SELF, whole, new Float64Array(whole.length), N, STEPS);
const serialSeconds = mpi.wtime() - serialStart;

const { difference, mass, least, most } = compared(own(c, 0), own(whole, rank * rows));
if (rank === 0) {
  console.log(
    `${STEPS} steps: compiled on ${size} ranks ${seconds.toFixed(3)} s, serial JavaScript ${serialSeconds.toFixed(3)} s`,
  );
  console.log(`mean ${(mass / N ** 2).toFixed(6)}, from ${least.toFixed(3)} to ${most.toFixed(3)}`);
  console.log(`difference from the serial result: ${difference}`);
}
if (difference !== 0) process.exitCode = 1;
