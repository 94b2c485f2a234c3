import type { Ended } from "./completion.js";
import { type Completion, completionOf } from "./outcome.js";
import { follow, unfollow } from "./poller.js";
import type { Outcome, Transfer } from "./transfer.js";

/**
 * Tells of those of `transfers` that are active as they end, and of those that ended untold in an iteration before.
 * Follows them no longer than it is iterated over: what nobody awaits does not keep the process.
 */
export async function* asCompleted(transfers: readonly Transfer[]): AsyncGenerator<Completion, void> {
  let ended: Ended[] = [];
  let wake = (): void => {};
  const pending = new Map<Transfer, (outcome: Outcome) => void>();
  for (const [index, transfer] of transfers.entries()) {
    if (transfer.untold) ended.push({ index, outcome: transfer.outcome as Outcome });
    transfer.untold = false;
    if (!transfer.active) continue;
    const end = (outcome: Outcome): void => {
      pending.delete(transfer);
      ended.push({ index, outcome });
      wake();
    };
    pending.set(transfer, end);
    transfer.onceEnded(end);
    follow(transfer);
  }
  try {
    while (ended.length > 0 || pending.size > 0) {
      if (ended.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const next = ended.shift() as Ended;
      if (next.outcome instanceof Error) {
        const completions = ended.filter(({ outcome }) => !(outcome instanceof Error)).map(completionOf);
        ended = ended.filter(({ outcome }) => outcome instanceof Error);
        Object.assign(next.outcome, { completions });
      }
      yield completionOf(next);
    }
  } finally {
    for (const [transfer, end] of pending) if (!transfer.unlisten(end)) unfollow(transfer);
    for (const { index } of ended) {
      const transfer = transfers[index] as Transfer;
      // One that was started again since is told of when it ends again.
      transfer.untold = !transfer.active && !transfer.freed;
    }
  }
}
