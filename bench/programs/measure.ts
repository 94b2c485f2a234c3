/** Warm up, time batches, print one JSON line: the same in every language of this bench. */
import { argv, hrtime } from "node:process";
import { median } from "simple-statistics";
import type { Kernel, MakeKernel } from "./kernels.js";

const WARM_UP_BATCHES = 2;

/** A list with commas of things with colons, as some programs take it. */
export const list = (text: string | undefined): string[][] =>
  (text ?? "").split(",").map((each) => each.split(":"));

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

/** Where on the case's axis a kernel is, if it has one, and how many steps a run has, of which the time of one is asked. */
export interface Place {
  readonly x?: number | undefined;
  readonly steps?: number;
}

/**
 * Prints the least of the batches' times per call: a kernel takes as long each time, but for what others do meanwhile, and
 * for which pages its arrays got, by which it is up to a fifth slower in any language. The first run gives the result.
 *
 * @param make Called for each batch.
 */
export function measureKernel(
  name: string,
  calls: number,
  batches: number,
  make: MakeKernel | undefined,
  { x, steps = 1 }: Place = {},
  report = true,
): void {
  if (make === undefined) throw new Error(`there is no kernel ${name}`);
  // Those of the batches before keep their pages.
  const made: Kernel[] = [];
  let result = Number.NaN;
  let least = Infinity;
  for (let batch = -WARM_UP_BATCHES; batch < batches; batch++) {
    const kernel = make();
    const { run } = kernel;
    if (made.length === 0) {
      run();
      result = kernel.result();
    }
    made.push(kernel);
    const start = hrtime.bigint();
    for (let i = 0; i < calls; i++) run();
    if (batch >= 0) least = Math.min(least, Number(hrtime.bigint() - start) / calls / steps);
  }
  if (report) console.log(JSON.stringify({ name, x, ns: least, result }));
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
  if (report) console.log(JSON.stringify({ name, ns: median(Array.from(ns)) }));
}
