import type { Status } from "../status.js";
import type { Ended } from "./completion.js";
import type { Outcome, Transfer } from "./transfer.js";

/* How the user learns of the ways in which an operation may end. */

/** One of several requests that is complete. */
export interface Completion {
  /** Its place in the array that was given; `UNDEFINED` if no request in it is active. */
  readonly index: number;
  /** Empty if no request is active. */
  readonly status: Status;
}

/** What an await of a transfer that ended so comes to. */
export function settled(
  transfer: Transfer,
  outcome: Outcome,
  signal: AbortSignal | undefined,
): Promise<Status> {
  if (outcome instanceof Error) return Promise.reject(outcome);
  const isGivenUp = signal?.aborted && transfer.kind === "receive" && outcome.cancelled;
  return isGivenUp ? Promise.reject(signal.reason) : Promise.resolve(outcome);
}

/** A promise of it: the one made last if it is the same, as equal statuses in a row are, which costs half as much. */
export function promiseOf(status: Status): Promise<Status> {
  if (last?.status !== status) last = { status, promise: Promise.resolve(status) };
  return last.promise;
}

let last: { readonly status: Status; readonly promise: Promise<Status> } | undefined;

export function statusOf(outcome: Outcome): Status {
  if (outcome instanceof Error) throw outcome;
  return outcome;
}

/** @throws what it failed with, which knows its index */
export function completionOf({ index, outcome }: Ended): Completion {
  if (outcome instanceof Error) throw Object.assign(outcome, { index });
  return { index, status: outcome };
}

/**
 * The completions of several that ended together.
 * @throws what the first that failed failed with, which knows the others in `completions`: nobody tells of them again
 */
export function completionsOf(ended: readonly Ended[]): Completion[] {
  const failed = ended.find(({ outcome }) => outcome instanceof Error);
  const completions = ended.filter(({ outcome }) => !(outcome instanceof Error)).map(completionOf);
  if (failed !== undefined)
    throw Object.assign(failed.outcome as Error, { index: failed.index, completions });
  return completions;
}
