import { type BundledError, packEntry, packError, unpackEntry } from "./cache/bundle.js";
import { type Entry, isMiss } from "./cache/entry.js";
import { JitError, type JitErrorCode } from "./error.js";
import { type Found, findEntry, findOrBuild, type Generator, withOverlay } from "./find.js";
import { log } from "./log.js";
import type { Params } from "./params.js";
import { perform, type Steps } from "./steps.js";

/** How this process talks to the others. */
export interface Exchange {
  readonly send?: ((data: Uint8Array) => void | PromiseLike<void>) | undefined;
  readonly receive?: (() => Uint8Array | PromiseLike<Uint8Array>) | undefined;
  readonly wait?: (() => void | PromiseLike<void>) | undefined;
}

/** What this process is to do, once its arguments are known to be good. */
export interface Wanted {
  readonly name: string;
  readonly signature: string;
  readonly params: Params;
  readonly generator: Generator | undefined;
}

/** What came of this process's part; nothing for one that waits. */
type Outcome = { readonly found: Found } | { readonly error: unknown } | undefined;

/**
 * One library among processes that count on each other. What each does does not depend on what it has in its
 * caches, which the others cannot know: a builder sends, a receiver receives and all wait, each exactly once, a
 * failure included. So nobody is left behind, and everybody throws.
 * @param prepare Checks the arguments: what it throws is an outcome too.
 */
export function* exchange(prepare: () => Wanted, { send, receive, wait }: Exchange): Steps<Found> {
  let wanted: Wanted | undefined;
  let outcome: Outcome;
  let failure: { readonly error: unknown } | undefined;
  try {
    try {
      wanted = prepare();
      const { name, signature, params, generator } = wanted;
      if (generator !== undefined)
        outcome = { found: yield* findOrBuild(name, signature, params, generator) };
    } catch (error) {
      outcome = { error };
    }
    if (receive !== undefined) {
      const data = yield* perform({ sync: receive, async: receive });
      if (wanted !== undefined) outcome = { found: yield* received(data, wanted) };
    } else if (send !== undefined && outcome !== undefined) {
      const data = packed(outcome, wanted?.signature ?? "");
      yield* perform({ sync: () => send(data), async: () => send(data) });
    }
  } catch (error) {
    failure = { error };
  }
  try {
    if (wait !== undefined) yield* perform({ sync: wait, async: wait });
  } catch (error) {
    failure ??= { error };
  }
  if (failure !== undefined) throw failure.error;
  if (outcome !== undefined && "error" in outcome) throw outcome.error;
  return outcome?.found ?? published(wanted as Wanted);
}

/** What is sent: a failure to pack is news as well, since somebody is receiving. */
function packed(outcome: NonNullable<Outcome>, signature: string): Uint8Array {
  if ("error" in outcome) return packError(signature, described(outcome.error));
  try {
    return packEntry(outcome.found.entry, outcome.found.cache);
  } catch (error) {
    log.warning((error as Error).message);
    return packError(signature, described(error));
  }
}

/** An error as it is sent. */
export const described = (error: unknown): BundledError => ({
  code: error instanceof JitError ? error.code : "ERR_JIT_NOT_BUILT",
  message: error instanceof Error ? error.message : `${String(error)} was thrown`,
  failDir: error instanceof JitError ? error.failDir : undefined,
  output: error instanceof JitError ? error.output : undefined,
});

function* received(data: unknown, { signature, params }: Wanted): Steps<Found> {
  const cache = withOverlay(params.cache);
  const result = yield* unpackEntry(data, signature, cache);
  if (isEntry(result)) return { entry: result, cache };
  const { code, message, failDir, output } = result;
  throw new JitError(code as JitErrorCode, `The process that builds ${signature} failed: ${message}`, {
    signature,
    failDir,
    output,
  });
}

const isEntry = (value: Entry | BundledError): value is Entry => "libFilename" in value;

/** What another process has put on the disk before this one was done with waiting. */
function published({ signature, params }: Wanted): Found {
  const found = findEntry(signature, params.cache);
  if (!isMiss(found)) return found;
  throw new JitError(
    "ERR_JIT_NOT_BUILT",
    `No process has built ${signature} in ${params.cache.cacheDir}: ${found.reason}`,
    { signature },
  );
}
