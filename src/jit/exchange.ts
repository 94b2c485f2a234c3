import { type BundledError, packEntry, packError, unpackEntry } from "./cache/bundle.js";
import { type Entry, isMiss, lookupEntry } from "./cache/store.js";
import { JitError, type JitErrorCode } from "./error.js";
import { type Found, findOrBuild, type Generator, withOverlay } from "./find.js";
import { log } from "./log.js";
import type { Params } from "./params.js";
import { perform, type Steps } from "./steps.js";

/** How this process talks to the others. */
export interface Exchange {
  readonly send?: ((data: Uint8Array) => void | PromiseLike<void>) | undefined;
  readonly receive?: (() => Uint8Array | PromiseLike<Uint8Array>) | undefined;
  readonly wait?: (() => void | PromiseLike<void>) | undefined;
}

/**
 * One library among processes that count on each other. What each does does not depend on what it has in its
 * caches, which the others cannot know: a builder sends, a receiver receives and all wait, each exactly once, a
 * failed build included. So nobody is left behind, and everybody throws.
 */
export function* exchange(
  name: string,
  signature: string,
  params: Params,
  generator: Generator | undefined,
  { send, receive, wait }: Exchange,
): Steps<Found> {
  let outcome: Found | Error | undefined;
  try {
    if (generator !== undefined) outcome = yield* findOrBuild(name, signature, params, generator);
    else if (receive !== undefined) outcome = yield* received(signature, params, receive);
  } catch (error) {
    outcome = error as Error;
  }
  if (send !== undefined && outcome !== undefined) {
    const data = packed(outcome, signature);
    yield* perform({ sync: () => send(data), async: () => send(data) });
  }
  if (wait !== undefined) yield* perform({ sync: wait, async: wait });
  if (outcome === undefined) return published(signature, params);
  if (!("entry" in outcome)) throw outcome;
  return outcome;
}

/** What is sent: a failure to pack is news as well, since somebody is receiving. */
function packed(outcome: Found | Error, signature: string): Uint8Array {
  if ("entry" in outcome) {
    try {
      return packEntry(outcome.entry, outcome.cache);
    } catch (error) {
      log.warning((error as Error).message);
      return packError(signature, described(error as Error));
    }
  }
  return packError(signature, described(outcome));
}

/** An error as it is sent. */
export const described = (error: Error): BundledError => ({
  code: error instanceof JitError ? error.code : "ERR_JIT_NOT_BUILT",
  message: error.message,
  failDir: error instanceof JitError ? error.failDir : undefined,
  output: error instanceof JitError ? error.output : undefined,
});

function* received(
  signature: string,
  params: Params,
  receive: NonNullable<Exchange["receive"]>,
): Steps<Found> {
  const data = yield* perform({ sync: receive, async: receive });
  const cache = withOverlay(params.cache);
  const result = unpackEntry(data, signature, cache);
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
function published(signature: string, params: Params): Found {
  const cache = withOverlay(params.cache);
  const entry = lookupEntry(signature, cache);
  if (!isMiss(entry)) return { entry, cache };
  throw new JitError(
    "ERR_JIT_NOT_BUILT",
    `No process has built ${signature} in ${cache.cacheDir}: ${entry.reason}`,
    { signature },
  );
}
