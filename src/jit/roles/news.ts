import type { Communicator } from "../../mpi/index.js";
import { type BundledError, errorIn, packEntry, packError, unpackEntry } from "../cache/bundle.js";
import { JitError, type JitErrorCode } from "../error.js";
import { described } from "../exchange.js";
import { type Found, withOverlay } from "../find.js";
import type { CacheParams } from "../params.js";
import type { Steps } from "../steps.js";
import { broadcast, gathered, type Patience } from "./waiting.js";

/* What one process tells the others of its part: a library, or what it threw. */

/** What was thrown, whatever that is. */
export interface Failure {
  readonly error: unknown;
}

/** A failure to pack is news as well, since the others are waiting for it. */
export function packed(outcome: Found | Failure, signature: string): Uint8Array {
  if ("error" in outcome) return packError(signature, described(outcome.error));
  try {
    return packEntry(outcome.entry, outcome.cache);
  } catch (error) {
    return packError(signature, described(error));
  }
}

/** Stores what the process of rank `giver` sent. */
export function* stored(
  data: Uint8Array,
  giver: number,
  signature: string,
  given: CacheParams,
): Steps<Found | Failure> {
  const cache = withOverlay(given);
  try {
    const result = yield* unpackEntry(data, signature, cache);
    return "libFilename" in result ? { entry: result, cache } : { error: errorOf(result, giver, signature) };
  } catch (error) {
    return { error };
  }
}

/** The error that the process of this rank has told. */
function errorOf(told: BundledError, rank: number, signature: string | undefined): JitError {
  const { code, message, failDir, output } = told;
  return new JitError(code as JitErrorCode, `Rank ${rank}: ${message}`, { signature, failDir, output });
}

/**
 * When all know that some have failed: what the first of these threw, thrown on all. Who has failed itself throws what
 * it threw.
 * @param own What this process threw, if it did.
 */
export function* failTogether(
  comm: Communicator,
  own: Failure | undefined,
  signature: string | undefined,
  patience: Patience,
): Steps<never> {
  const failures = yield* gathered(comm, Uint8Array.of(own === undefined ? 0 : 1), patience);
  const first = failures.indexOf(1);
  const news = comm.rank === first ? packError("", described((own as Failure).error)) : undefined;
  const data = yield* broadcast(comm, news, first, patience);
  if (own !== undefined) throw own.error;
  throw errorOf(errorIn(data), first, signature);
}
