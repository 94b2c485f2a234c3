/*
 * Awaits of complete requests are settled without a turn of the event loop, which would cost more than most
 * operations. A program that awaits nothing else would never let timers and sockets have their turn, so now and
 * then one is settled in the next turn.
 */

/** After so many milliseconds in which awaits were settled without a turn, one waits for it. */
const LONGEST = 5;

/** Looking at the clock at each await would cost as much as a tenth of it: at most so many go by unseen... */
const UNSEEN = 16;
/** ...and only while they take less than so many milliseconds together. */
const BRIEF = 1;

let unseen = 1;
let left = unseen;
let seenAt = 0;
let turnedAt = 0;

/** Whether an await that could be settled now should let the event loop turn first. */
export function isTurnDue(): boolean {
  left--;
  return left <= 0 && look();
}

function look(): boolean {
  const now = performance.now();
  unseen = now - seenAt < BRIEF ? Math.min(2 * unseen, UNSEEN) : 1;
  left = unseen;
  seenAt = now;
  return now - turnedAt > LONGEST;
}

/** Resolves when the event loop has had a turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      turnedAt = performance.now();
      unseen = 1;
      left = 1;
      resolve();
    });
  });
}
