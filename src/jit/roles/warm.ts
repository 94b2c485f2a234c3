import type { Communicator } from "../../mpi/index.js";
import { MemoryCache } from "../memory.js";
import type { GivenParams } from "../params.js";
import type { BuildOn } from "./communicators.js";
import type { JittedOnComm } from "./on-comm.js";

/*
 * Calls that all processes of a communicator have made before, and have agreed on: one like them is made of the same
 * reduction and hardly anything else.
 */

/** A call that was agreed on. */
export class Warm {
  readonly result: JittedOnComm;
  /** Seconds to wait, where no option tells. */
  readonly patience: number;
  /** For the error if that is over. */
  readonly what: string;
  /** What this process brings to the agreement. */
  readonly position: BigInt64Array;
  /** For the sums, so that a call allocates nothing: it blocks, and what it gave up takes the communicator with it. */
  readonly sums: BigInt64Array;
  readonly #sums: Buffer;
  readonly #unanimous: Buffer;

  /** @param size How many processes bring something. */
  constructor(result: JittedOnComm, patience: number, position: BigInt64Array, size: number) {
    this.result = result;
    this.patience = patience;
    this.what = `jit of ${result.signature}`;
    this.position = position;
    this.sums = new BigInt64Array(position.length);
    this.#sums = bytesOf(this.sums);
    this.#unanimous = bytesOf(position.map((each) => each * BigInt(size)));
  }

  /** Whether all processes have brought the same: the sums of numbers and of their squares tell. */
  isUnanimous(): boolean {
    return this.#sums.equals(this.#unanimous);
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: BigInt64Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const calls = new WeakMap<Communicator, MemoryCache<Warm>>();

const keyOf = (name: string, buildon: BuildOn): string => `${buildon} ${name}`;

/** The call of this name and these parameters, if it was agreed on before. */
export const recall = (
  comm: Communicator,
  name: string,
  given: GivenParams | undefined,
  buildon: BuildOn,
): Warm | undefined => calls.get(comm)?.get(keyOf(name, buildon), given);

export function remember(
  comm: Communicator,
  name: string,
  given: GivenParams | undefined,
  buildon: BuildOn,
  warm: Warm,
): void {
  const ofComm = calls.get(comm) ?? new MemoryCache<Warm>();
  calls.set(comm, ofComm);
  ofComm.set(keyOf(name, buildon), given, warm);
}
