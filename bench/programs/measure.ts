/** Warm up, time batches, print one JSON line: the same in every language of this bench. */
import { argv, hrtime } from "node:process";

const WARM_UP_BATCHES = 2;

/** The program's `index`-th argument, a number. */
export function argument(index: number): number {
  return Number(argv[2 + index]);
}

/**
 * Prints the median over the batches of the time per call, in nanoseconds.
 * @param parts What one call of the work counts for: 2 for a round trip of which the half is asked.
 * @param report Whether this rank prints; all of them must run the work.
 */
export function measure(
  name: string,
  calls: number,
  batches: number,
  parts: number,
  report: boolean,
  work: (calls: number) => void,
): void {
  for (let i = 0; i < WARM_UP_BATCHES; i++) work(calls);
  const ns = new Float64Array(batches);
  for (let i = 0; i < batches; i++) {
    const start = hrtime.bigint();
    work(calls);
    ns[i] = Number(hrtime.bigint() - start) / calls / parts;
  }
  print(name, ns, report);
}

/** As `measure`, for work that is awaited. */
export async function measureAwaited(
  name: string,
  calls: number,
  batches: number,
  report: boolean,
  work: (calls: number) => Promise<void>,
): Promise<void> {
  for (let i = 0; i < WARM_UP_BATCHES; i++) await work(calls);
  const ns = new Float64Array(batches);
  for (let i = 0; i < batches; i++) {
    const start = hrtime.bigint();
    await work(calls);
    ns[i] = Number(hrtime.bigint() - start) / calls;
  }
  print(name, ns, report);
}

/** Prints the median. */
export function print(name: string, ns: Float64Array, report: boolean): void {
  ns.sort();
  const median = ((ns[(ns.length - 1) >> 1] as number) + (ns[ns.length >> 1] as number)) / 2;
  if (report) console.log(JSON.stringify({ name, ns: median }));
}
