import { randomFillSync } from "node:crypto";
import { engine } from "../../ffi/index.js";
import { finalized, initialized } from "../../mpi/environment.js";
import { COMM_WORLD } from "../../mpi/index.js";
import { detectLaunch } from "../../mpi/library/launcher.js";

/* What Math.random draws from in compiled functions: xorshift128+ (S. Vigna, 2014), as in V8. */

/** The states of the generator of one compiled function: one for its calls, one for each call aside. */
export class RandomStates {
  readonly #seed: number | undefined;
  #state: { readonly memory: BigUint64Array; readonly address: bigint } | undefined;
  #count = 0;

  /** @param seed Undefined: random bits. */
  constructor(seed: number | undefined) {
    this.#seed = seed;
  }

  /** Where the state is that calls hand on to each other. */
  get address(): bigint {
    if (this.#state === undefined) {
      const memory = this.next();
      this.#state = { memory, address: engine().addressOf(memory) };
    }
    return this.#state.address;
  }

  /** A state of its own, the same in each run of the program if there is a seed. */
  next(): BigUint64Array {
    const state = new BigUint64Array(2);
    if (this.#seed === undefined) return randomFillSync(state);
    const stream = [BigInt(this.#seed), BigInt(rankOfProcess()), BigInt(this.#count++)].reduce(
      (before, each) => mixed(before + each),
      0n,
    );
    state[0] = mixed(stream);
    // Both zero would stay so.
    state[1] = mixed(stream + 1n) | 1n;
    return state;
  }
}

/** Which of the processes that were started together this is. */
function rankOfProcess(): number {
  if (initialized() && !finalized()) return COMM_WORLD.rank;
  const launch = detectLaunch();
  return launch === undefined ? 0 : (launch.rank ?? COMM_WORLD.rank);
}

/** splitmix64 (G. L. Steele and others, 2014): bits that nothing shows to be those of neighbours. */
function mixed(value: bigint): bigint {
  const word = (x: bigint): bigint => BigInt.asUintN(64, x);
  let z = word(value + 0x9e3779b97f4a7c15n);
  z = word((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = word((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}
