/**
 * How many bytes of V8's heap a call allocates. The semi-space is made so large (see the node options of the
 * cases) that no collection happens meanwhile; then the heap's growth is exactly what was allocated. Memory
 * that V8 only accounts for (array buffers, externals) is included.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";

const KEPT = 1000;
const RETAINED_TIMES = 5;

/**
 * Prints the bytes allocated per call, and how many of them are the value that the call returns.
 * @param work Calls the operation that many times. It must store what is returned where V8 cannot prove that
 *   nobody looks, or else V8 removes the allocation.
 * @param once Calls it once and returns its result, if it returns an object. All ranks must agree on it.
 * @param report Whether this rank prints; all of them must run the work.
 */
export async function measureAllocation(
  name: string,
  calls: number,
  report: boolean,
  work: (calls: number) => void,
  once?: () => object,
): Promise<void> {
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  for (let i = 0; i < 4; i++) work(calls / 8);
  collect();
  observer.observe({ entryTypes: ["gc"] });
  const cost = readingCost();
  const start = heapBytes();
  work(calls);
  const bytes = (heapBytes() - start - cost) / calls;
  await setImmediate();
  await setImmediate();
  observer.disconnect();
  if (collections > 0) throw new Error(`${collections} collections during ${name}: the figure means nothing`);
  const returned = once === undefined ? 0 : retainedBytes(once);
  if (report) console.log(JSON.stringify({ name, bytes, returned }));
}

/** What one result holds on to: the heap with many of them kept, less the heap without; median of a few. */
function retainedBytes(once: () => object): number {
  const kept: unknown[] = new Array(KEPT).fill(null);
  const bytes = new Float64Array(RETAINED_TIMES);
  for (let time = 0; time < RETAINED_TIMES; time++) {
    for (let i = 0; i < KEPT; i++) kept[i] = once();
    collect();
    const held = heapBytes();
    kept.fill(null);
    collect();
    bytes[time] = Math.round((held - heapBytes()) / KEPT);
  }
  return bytes.sort()[RETAINED_TIMES >> 1] as number;
}

/** What reading the statistics allocates itself, once it is warm. */
function readingCost(): number {
  let cost = 0;
  for (let last = heapBytes(), i = 0; i < 10; i++) {
    const now = heapBytes();
    cost = now - last;
    last = now;
  }
  return cost;
}

function heapBytes(): number {
  const statistics = getHeapStatistics();
  return statistics.used_heap_size + statistics.external_memory;
}

function collect(): void {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  // Objects that the first collection only moves are settled by the second.
  globalThis.gc();
  globalThis.gc();
}
