import type { Manifest } from "./manifest.js";
import type { TextParts } from "./parts.js";

/** A library in the cache, verified when it was looked up. */
export interface Entry {
  readonly signature: string;
  /** The absolute path of the cache that it is in: that of the parameters, the overlay, or a layer. */
  readonly cacheDir: string;
  /** Absolute. */
  readonly libFilename: string;
  readonly manifest: Manifest;
}

/** Why there is no library that can be used. */
export interface Miss {
  /** For a log: `there is no entry`, `stdio.h has changed`. */
  readonly reason: string;
  /** The manifest of an entry that cannot be used: damaged, or made from a header that has changed. */
  readonly stale?: Manifest;
}

/** Whether a lookup found nothing that can be used. */
export const isMiss = <Hit extends object>(found: Hit | Miss): found is Miss => "reason" in found;

/** What a build left in its staging directory, to be published. */
export interface StagedBuild {
  /** Of `stagingDirectory`. It is the caller who removes it. */
  readonly directory: string;
  /** Moved into the cache. */
  readonly libFilename: string;
  /** As the user gave it. */
  readonly name: string;
  readonly source: string;
  readonly header: string | undefined;
  /** Source and header as they are stored, if that is prepared already. */
  readonly texts?: TextParts;
  readonly log: string | undefined;
  /** In the cache that is published to. */
  readonly dependencies: readonly Entry[];
  /** What the compiler wrote about the files it read, in the syntax of make. */
  readonly depFile: string | undefined;
  readonly command: readonly string[];
  /** Its identity or version. */
  readonly compiler: string;
  readonly seconds: number;
}
