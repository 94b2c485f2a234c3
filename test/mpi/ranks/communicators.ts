import { mpi } from "../../../src/index.js";
import { test } from "../../harness/ranks.js";

let dup: mpi.Communicator | undefined;
let half: mpi.Communicator | undefined;

/** The communicators that every operation is tested on. The made ones live until the process ends. */
const COMMUNICATORS: readonly (readonly [name: string, get: () => mpi.Communicator])[] = [
  ["COMM_WORLD", () => mpi.COMM_WORLD],
  ["COMM_SELF", () => mpi.COMM_SELF],
  [
    "a dup",
    () => {
      dup ??= mpi.COMM_WORLD.dup();
      return dup;
    },
  ],
  [
    // Two halves at the same time, their ranks in the opposite order.
    "a split",
    () => {
      half ??= mpi.COMM_WORLD.split(mpi.rank() % 2, -mpi.rank()) as mpi.Communicator;
      return half;
    },
  ],
];

/** Registers one test for each kind of communicator, as mpi4py runs its test classes. */
export function onEachCommunicator(
  name: string,
  body: (comm: mpi.Communicator, index: number) => void,
): void {
  for (const [index, [kind, get]] of COMMUNICATORS.entries())
    test(`${name} on ${kind}`, () => body(get(), index));
}

/** The neighbours of this process in a ring of all; alone, it is its own. */
export function ring({ rank, size }: mpi.Communicator): { next: number; previous: number } {
  return { next: (rank + 1) % size, previous: (rank + size - 1) % size };
}

/** The ranks of a communicator. */
export const ranksOf = ({ size }: mpi.Communicator): number[] =>
  Array.from({ length: size }, (_, rank) => rank);
