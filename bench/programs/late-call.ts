/** The time of single calls of a rank that comes last, when what the others have to do is done. */
import { hrtime } from "node:process";

/** Longer than the others need to come back to the next call. */
const LATE_NS = 20_000n;

function beLate(): void {
  const end = hrtime.bigint() + LATE_NS;
  while (hrtime.bigint() < end);
}

function median(times: Float64Array): number {
  times.sort();
  return times[times.length >> 1] as number;
}

/** What it takes to ask for the time twice, which is part of each measurement. */
function costOfClock(calls: number): number {
  const times = new Float64Array(calls);
  for (let i = 0; i < calls; i++) {
    const start = hrtime.bigint();
    times[i] = Number(hrtime.bigint() - start);
  }
  return median(times);
}

/** The median time of a call of the rank that is late, in nanoseconds; all ranks must call this. */
export function timeLate(calls: number, isLate: boolean, work: () => void): number {
  const times = new Float64Array(calls);
  for (let i = -calls; i < calls; i++) {
    if (isLate) beLate();
    const start = hrtime.bigint();
    work();
    if (i >= 0) times[i] = Number(hrtime.bigint() - start);
  }
  return median(times) - costOfClock(calls);
}

/** As `timeLate`, for work that is awaited. */
export async function timeLateAwaited(
  calls: number,
  isLate: boolean,
  work: () => PromiseLike<unknown>,
): Promise<number> {
  const times = new Float64Array(calls);
  for (let i = -calls; i < calls; i++) {
    if (isLate) beLate();
    const start = hrtime.bigint();
    await work();
    if (i >= 0) times[i] = Number(hrtime.bigint() - start);
  }
  return median(times) - costOfClock(calls);
}
