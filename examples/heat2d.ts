/*
 * Heat in a square plate whose edge is kept cold: u_t = u_xx + u_yy, and u = 0 on the edge.
 *
 *   mpirun -n 4 node build/examples/heat2d.js [picture.png]
 *
 * The plate is cut into blocks of rows, one for each rank. A step needs the row above a block and the row
 * below it, which belong to other ranks: each block has room for copies of them, its halo.
 */
import { mpi } from "typed-mpi";
import { writePicture } from "./heat2d/picture.js";

const N = 95; // points inside the plate, in each direction
const WIDTH = N + 2; // of a row, with the edge
const H = 1 / (N + 1); // from point to point
const RATIO = 0.2; // of the time step to H^2; above 0.25 explicit steps are unstable
const DT = RATIO * H ** 2;
const REPORTS = 16;
const STEPS = 45; // between two reports
const PICTURED = [0, 1, 4, REPORTS]; // the reports whose state the picture shows

const rank = mpi.rank();
const size = mpi.size();
const above = rank > 0 ? rank - 1 : mpi.PROC_NULL; // messages to and from PROC_NULL are none
const below = rank < size - 1 ? rank + 1 : mpi.PROC_NULL;
// All blocks have as many rows, as gather() wants them: what is beyond the plate stays 0, as its edge.
const rows = Math.ceil(N / size);
const used = Math.min(rows, Math.max(0, N - rank * rows));

let u = new Float64Array((rows + 2) * WIDTH);
let next = new Float64Array(u.length);

/** Row `j` of this rank: 1 to `rows` are its block, 0 and `rows + 1` the halo. */
const row = (j: number): Float64Array => u.subarray(j * WIDTH, (j + 1) * WIDTH);
const block = (): Float64Array => u.subarray(WIDTH, (rows + 1) * WIDTH);

function exchangeHalos(): void {
  mpi.sendrecv(row(1), above, 0, row(rows + 1), below, 0);
  mpi.sendrecv(row(rows), below, 0, row(0), above, 0);
}

/** One explicit Euler step with the five-point Laplacian. */
function step(): void {
  for (let j = 1; j <= used; j++) {
    for (let i = j * WIDTH + 1; i <= j * WIDTH + N; i++) {
      next[i] = u[i]! + RATIO * (u[i - 1]! + u[i + 1]! + u[i - WIDTH]! + u[i + WIDTH]! - 4 * u[i]!);
    }
  }
  [u, next] = [next, u];
}

/** How the wave sin(k pi x) on a line fades. */
const wave = (k: number, x: number, t: number): number =>
  Math.exp(-t * (k * Math.PI) ** 2) * Math.sin(k * Math.PI * x);

/** `k` hot spots on a line, sin(pi x) sin(k pi x)^2, melt into one: a sum of three waves. */
const spots = (k: number, x: number, t: number): number =>
  wave(1, x, t) / 2 + wave(2 * k - 1, x, t) / 4 - wave(2 * k + 1, x, t) / 4;

/** The analytic solution at time `t` in row `j` of this rank. */
function exactRow(j: number, t: number): Float64Array {
  const factor = spots(3, (rank * rows + j) * H, t);
  return Float64Array.from({ length: WIDTH }, (_, i) => factor * spots(4, i * H, t));
}

/** How far the whole plate is from the analytic solution: relative in the L2 norm, and at the worst point. */
function errors(t: number): { relative: number; largest: number } {
  let [differences, squares, largest] = [0, 0, 0];
  for (let j = 1; j <= used; j++) {
    exactRow(j, t).forEach((exact, i) => {
      const difference = u[j * WIDTH + i]! - exact;
      differences += difference ** 2;
      squares += exact ** 2;
      largest = Math.max(largest, Math.abs(difference));
    });
  }
  const relative = Math.sqrt(mpi.allreduce(differences) / mpi.allreduce(squares));
  return { relative, largest: mpi.allreduce(largest, mpi.MAX) };
}

function say(text: string): void {
  if (rank === 0) console.log(text);
}

for (let j = 1; j <= used; j++) row(j).set(exactRow(j, 0));
const pictured: Float64Array[] = [];
const start = mpi.wtime();
for (let report = 0; report <= REPORTS; report++) {
  for (let i = 0; report > 0 && i < STEPS; i++) {
    exchangeHalos();
    step();
  }
  const hottest = mpi.allreduce(Math.max(...block()), mpi.MAX);
  say(`t = ${(report * STEPS * DT).toFixed(4)}  hottest ${hottest.toFixed(3)} ${"#".repeat(hottest * 60)}`);
  if (PICTURED.includes(report)) {
    const plate = rank === 0 ? new Float64Array(size * rows * WIDTH) : null;
    mpi.gather(block(), plate);
    if (plate !== null) pictured.push(plate);
  }
}
say(`${REPORTS * STEPS} steps on ${size} ranks in ${(mpi.wtime() - start).toFixed(1)} s`);

const { relative, largest } = errors(REPORTS * STEPS * DT);
const bound = H ** 2; // the scheme is of second order
say(`error ${relative.toExponential(1)} (L2, relative), ${largest.toExponential(1)} (at the worst point)`);
say(`bound ${bound.toExponential(1)} (L2, relative): ${relative < bound ? "met" : "NOT MET"}`);

if (rank === 0) {
  const path = process.argv[2] ?? "heat2d.png";
  writePicture(path, pictured, WIDTH, N);
  say(`picture ${path}: t = ${PICTURED.map((report) => (report * STEPS * DT).toFixed(4)).join(", ")}`);
  if (!(relative < bound)) process.exitCode = 1; // nor is NaN below it
}
