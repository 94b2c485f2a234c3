import { testSomeTransfers } from "./completion.js";
import type { Transfer } from "./transfer.js";

/*
 * Progress of awaited requests. One poller asks the library about all of them, from the event loop, so that
 * timers, sockets and promises go on meanwhile. It asks at every turn of the loop at first, then by a timer,
 * and rests when nothing is awaited.
 */

/** How long it asks at every turn of the event loop after something last completed, in milliseconds. */
const EAGER = 50;
/** Then: every so many milliseconds. */
const PAUSE = 1;

const awaited = new Set<Transfer>();
/** Questions that are asked until they have an answer. */
const questions = new Set<() => boolean>();
let scheduled = false;
/** The pause that goes on, if one does. */
let pausing: NodeJS.Timeout | undefined;
/** When something was last awaited or completed. */
let lastEvent = 0;

/** Asks about the transfer until it is complete. */
export function follow(transfer: Transfer): void {
  awaited.add(transfer);
  wake();
}

/** Asks no more about what nobody awaits. */
export function unfollow(transfer: Transfer): void {
  awaited.delete(transfer);
}

/**
 * Resolves to the first answer of `ask` that is not null. It is asked at once, and then by the poller.
 * @param signal Rejects with its reason when it is aborted before.
 */
export function until<Answer>(ask: () => Answer | null, signal?: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const isAnswered = (): boolean => {
      try {
        signal?.throwIfAborted();
        const answer = ask();
        if (answer === null) return false;
        resolve(answer);
      } catch (error) {
        reject(error);
      }
      return true;
    };
    if (isAnswered()) return;
    questions.add(isAnswered);
    wake();
  });
}

/** What comes new is not to wait for a pause to end. */
function wake(): void {
  lastEvent = performance.now();
  if (pausing !== undefined) {
    clearTimeout(pausing);
    pausing = undefined;
    scheduled = false;
  }
  schedule();
}

function schedule(): void {
  if (scheduled || (awaited.size === 0 && questions.size === 0)) return;
  scheduled = true;
  if (performance.now() - lastEvent < EAGER) setImmediate(poll);
  else pausing = setTimeout(poll, PAUSE);
}

function poll(): void {
  scheduled = false;
  pausing = undefined;
  // A blocking wait may have completed some of them.
  const transfers = [...awaited].filter((transfer) => transfer.active);
  try {
    testSomeTransfers(transfers);
  } catch (error) {
    // The library failed as a whole: nothing of it can be waited for.
    for (const transfer of transfers) if (transfer.active) transfer.abandon(error as Error);
  }
  for (const transfer of awaited) {
    if (transfer.active) continue;
    awaited.delete(transfer);
    lastEvent = performance.now();
  }
  for (const isAnswered of questions) {
    if (isAnswered()) questions.delete(isAnswered);
  }
  schedule();
}
