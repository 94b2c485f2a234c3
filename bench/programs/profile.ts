/** Where the time of calls goes, by V8's sampling profiler in the process itself. */
import { Session } from "node:inspector/promises";
import { hrtime } from "node:process";

/** Microseconds between two samples. */
const INTERVAL = 100;

/**
 * C functions appear without a file. They share one entry of Node-API, so that their name is that of any of them; what is
 * in brackets is V8 itself.
 */
const isNative = ({ functionName, url }: { readonly functionName: string; readonly url: string }): boolean =>
  url === "" && !functionName.startsWith("(");

/**
 * Prints the time per call in two parts, in nanoseconds: `NAME-native` in the FFI engine with the C function below it, and
 * `NAME-javascript`, which has all that V8 does, the collection of garbage too.
 * @param parts What one call of the work counts for: 2 for a round trip of which the half is asked.
 * @param report Whether this rank prints; all of them must run the work, with the profiler.
 */
export async function profile(
  name: string,
  calls: number,
  parts: number,
  report: boolean,
  work: (calls: number) => void,
): Promise<void> {
  // V8 has compiled it by then.
  work(calls / 10);
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: INTERVAL });
  await session.post("Profiler.start");
  const start = hrtime.bigint();
  work(calls);
  const ns = Number(hrtime.bigint() - start) / calls / parts;
  const { nodes, samples = [] } = (await session.post("Profiler.stop")).profile;
  session.disconnect();
  if (!report) return;
  const natives = new Set(nodes.filter(({ callFrame }) => isNative(callFrame)).map(({ id }) => id));
  const share = samples.filter((id) => natives.has(id)).length / samples.length;
  console.log(JSON.stringify({ name: `${name}-native`, ns: ns * share }));
  console.log(JSON.stringify({ name: `${name}-javascript`, ns: ns * (1 - share) }));
}
