/** When a message is sent, so that its receiver can tell how long it took: one clock for all ranks of a machine. */
import { hrtime } from "node:process";

/** How long the receiver has been waiting when it is sent, in nanoseconds. */
const LATE = 5_000_000n;

/** Waits without giving the core away, then writes the time. */
export function stampLate(stamp: BigInt64Array): void {
  const start = hrtime.bigint();
  while (hrtime.bigint() - start < LATE);
  stamp[0] = hrtime.bigint();
}

/** How long ago the stamp was written, in nanoseconds. */
export const since = (stamp: BigInt64Array): number => Number(hrtime.bigint() - (stamp[0] as bigint));
