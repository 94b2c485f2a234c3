/** Others' work on the same cores falsifies a figure: wait for them, not for ever, and say what was left. */
import { cpus } from "node:os";
import { setTimeout } from "node:timers/promises";

const SAMPLE_MS = 200;
/** The system's own background work stays below this share of the cores. */
export const QUIET_SHARE = 0.1;

export class Quiet {
  /** How busy the machine was before each round, 0 to 1. */
  readonly shares: number[] = [];
  #patienceMs: number;
  readonly #progress: (text: string) => void;

  /** @param patienceMs How long all waits may take together. */
  constructor(patienceMs: number, progress: (text: string) => void) {
    this.#patienceMs = patienceMs;
    this.#progress = progress;
  }

  /** Resolves when others leave the machine alone, or when the patience is used up. */
  async wait(): Promise<void> {
    let share = await busyShare();
    if (share > QUIET_SHARE && this.#patienceMs > 0) this.#progress("others use this machine: waiting");
    while (share > QUIET_SHARE && this.#patienceMs > 0) {
      this.#patienceMs -= SAMPLE_MS;
      share = await busyShare();
    }
    this.shares.push(share);
  }
}

/** The share of all cores' time that is not idle, over a moment in which this process does nothing. */
async function busyShare(): Promise<number> {
  const before = coreTimes();
  await setTimeout(SAMPLE_MS);
  const after = coreTimes();
  const total = after.total - before.total;
  return total === 0 ? 0 : 1 - (after.idle - before.idle) / total;
}

function coreTimes(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, total };
}
