/**
 * One operation after the other at many sizes in one process, as the OSU micro-benchmarks do it; a JSON line for each: the
 * same in every language of this bench. Command line: BATCH_US BATCHES SIZES OPERATIONS FOLDER, the lists with commas.
 */
import { argv, hrtime } from "node:process";
import { median } from "simple-statistics";

/** What a sweep has to know of the ranks. */
export interface Ranks {
  readonly rank: number;
  /** What rank 0 has, on every rank. */
  agree(value: number): number;
}

const [batchUs, batches] = [Number(argv[2]), Number(argv[3])];

/** In bytes, ascending. */
export const sizes: readonly number[] = (argv[4] ?? "").split(",").map(Number);
export const largest: number = Math.max(...sizes);

const operations = (argv[5] ?? "").split(",");

/** Whether the operation is asked for. */
export const isAsked = (operation: string): boolean => operations.includes(operation);

/** Where what is compiled is kept. */
export const folder: string = argv[6] ?? "";

/** Memory that is really there: what was never written is read from one page of zeros. */
export const touched = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(bytes).fill(1);

/** How many times as often a batch calls as the one before, at most, while its length is found. */
const GROWTH = 8;

/** Batches that do not count: V8 compiles an operation that is new, and every size has memory of its own. */
const NEW_BATCHES = 20;
const LEAST_BATCHES = 3;

/** The operations measured so far. */
const known = new Set<string>();

/**
 * Rank 0 prints the median over the batches of the time per call, in nanoseconds. A batch is as long as asked, if a single
 * call is not longer: the ranks agree on how many calls that is.
 * @param x Bytes; undefined for an operation without.
 * @param parts What one call of the work counts for: 2 for a round trip of which the half is asked.
 */
export function sweep(
  ranks: Ranks,
  name: string,
  x: number | undefined,
  parts: number,
  work: (calls: number) => void,
): void {
  const time = (calls: number): number => {
    const start = hrtime.bigint();
    work(calls);
    return Number(hrtime.bigint() - start);
  };
  let calls = 1;
  let ns: number;
  for (;;) {
    // The least of three: one may be compiling, or have lost its core to another process.
    ns = ranks.agree(Math.min(time(calls), time(calls), time(calls)));
    const wanted = Math.ceil((calls * batchUs * 1000) / ns);
    if (wanted < 2 * calls) break;
    calls = Math.min(wanted, GROWTH * calls);
  }
  // Where a single call is longer than a batch, fewer do.
  const share = Math.min(1, (batchUs * 1000) / ns);
  const count = Math.max(LEAST_BATCHES, Math.round(share * batches));
  const warmUp = Math.max(1, known.has(name) ? 1 : Math.round(share * NEW_BATCHES));
  known.add(name);
  for (let i = 0; i < warmUp; i++) time(calls);
  const taken = Array.from({ length: count }, () => time(calls) / calls / parts);
  if (ranks.rank === 0) console.log(JSON.stringify({ name, x, ns: median(taken) }));
}
