import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { hasFunction } from "../../../src/mpi/bindings/bind.js";
import type { PrototypeName } from "../../../src/mpi/bindings/prototypes.js";
import { assertThrows } from "../../harness/ranks.js";
import { type NumberArray, random } from "./kinds.js";

/* A collective operation in its three forms, on arguments that are made once and filled anew for each round. */

/** One operation on one process. */
export interface Trial {
  /** The method of the blocking form, `"gatherv"`. */
  readonly method: string;
  readonly args: readonly unknown[];
  /** Puts the round's data into the buffers. */
  fill(round: number): void;
  /** Compares the buffers with the model. */
  check(round: number): void;
}

type Method = (...args: unknown[]) => unknown;

const call = (comm: mpi.Communicator, method: string, args: readonly unknown[]): unknown =>
  (Reflect.get(comm, method) as Method).apply(comm, [...args]);

/** `allgatherv` begins with `a`: `iallgatherv`. */
const nonblocking = (comm: mpi.Communicator, { method, args }: Trial): mpi.Request =>
  call(comm, `i${method}`, args) as mpi.Request;

/** Whether the library has the persistent form: `MPI_Reduce_scatter_block_init` for `reduceScatterBlock`. */
export function hasPersistent(method: string): boolean {
  const name = method.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return hasFunction(`MPI_${name[0]?.toUpperCase()}${name.slice(1)}_init` as PrototypeName);
}

/** The trial in each of its forms; where the library has no persistent one, that this is said. */
export async function inAllForms(comm: mpi.Communicator, trial: Trial): Promise<void> {
  inBlockingForm(comm, trial);
  await inNonblockingForm(comm, trial);
  await inPersistentForm(comm, trial);
}

function inBlockingForm(comm: mpi.Communicator, trial: Trial): void {
  trial.fill(0);
  call(comm, trial.method, trial.args);
  trial.check(0);
}

async function inNonblockingForm(comm: mpi.Communicator, trial: Trial): Promise<void> {
  trial.fill(1);
  const request = nonblocking(comm, trial);
  assert.instance(request, mpi.Request);
  assert.instance(await request, mpi.Status);
  trial.check(1);
}

async function inPersistentForm(comm: mpi.Communicator, trial: Trial): Promise<void> {
  const begin = (): unknown => call(comm, `${trial.method}Init`, trial.args);
  if (!hasPersistent(trial.method)) {
    assertThrows(begin, { code: "ERR_MPI_UNSUPPORTED", message: "MPI 4.0" });
    return;
  }
  using request = begin() as mpi.PersistentRequest;
  assert.instance(request, mpi.PersistentRequest);
  for (const round of [2, 3, 4]) {
    trial.fill(round);
    request.start();
    if (round === 3) request.wait();
    else await request;
    trial.check(round);
  }
}

/** Begins all of them before it waits for any, the last first. */
export async function allAtOnce(comm: mpi.Communicator, trials: readonly Trial[]): Promise<void> {
  for (const trial of trials) trial.fill(9);
  const requests = trials.map((trial) => nonblocking(comm, trial));
  await Promise.all(requests.toReversed());
  for (const trial of trials) trial.check(9);
}

/** Draws that are the same on every rank. */
export class Draw {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
    this.#next();
  }

  /** An integer from `low` to `high`. */
  between(low: number, high: number): number {
    return low + (this.#next() % (high - low + 1));
  }

  of<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length - 1)] as Item;
  }

  /** The integers below `length` in any order. */
  permutation(length: number): number[] {
    const order = Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.between(0, i);
      [order[i], order[j]] = [order[j] as number, order[i] as number];
    }
    return order;
  }
}

/** A seed for what `from` gives to `to` in a round. */
export const seedOf = (seed: number, round: number, from: number, to = 0): number =>
  seed * 7919 + round * 1009 + from * 101 + to + 1;

/** Puts into all elements what tells that nothing was received there. */
export function blank(array: NumberArray): void {
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) array.fill(77n);
  else array.fill(77);
}

export const put = (array: NumberArray, values: NumberArray, at = 0): void => array.set(values as never, at);
