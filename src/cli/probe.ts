/**
 * A process of its own for each MPI library that `typed-mpi info` asks: two of them in one process do not
 * work, and one that crashes or hangs shall not take the answer about the others with it.
 *
 * It is forked with what to do in its arguments and answers by messages, because libraries write to stdout.
 */
import { library, libraryVersion, threadLevel, version } from "../mpi/environment.js";
import type { MpiError } from "../mpi/error.js";
import type { LauncherFamily } from "../mpi/library/launcher.js";
import { openLibrary } from "../mpi/library/open.js";

/** What a probe finds out; the later fields are missing if the library crashed or hung before. */
export interface Findings {
  readonly path?: string;
  readonly reason?: string;
  readonly family?: LauncherFamily;
  readonly abi?: string;
  readonly vendor?: string;
  /** The vendor's version, `"4.1.4"`. */
  readonly version?: string;
  /** The version of the standard, `"3.1"`. */
  readonly standard?: string;
  /** What the library says of itself. */
  readonly libraryVersion?: string;
  readonly threadLevel?: string;
  readonly error?: { readonly code: string | undefined; readonly message: string };
}

/** `"open"`: which library this environment chooses. `"initialize"`: all about it. */
export type Depth = "open" | "initialize";

function probe(depth: Depth, tell: (findings: Findings) => void): void {
  try {
    const { path, reason, family } = openLibrary();
    tell({ path, reason, family });
    if (depth === "open") return;
    const { abi, vendor, version: vendorVersion } = library();
    tell({
      abi,
      vendor,
      version: vendorVersion,
      standard: version().join("."),
      libraryVersion: libraryVersion(),
    });
    tell({ threadLevel: threadLevel() });
  } catch (error) {
    const { code, message } = error as MpiError;
    tell({ error: { code, message } });
  }
}

const [, , depth] = process.argv;
if (process.send !== undefined && (depth === "open" || depth === "initialize")) {
  probe(depth, (findings) => process.send?.(findings));
  process.disconnect();
}
