import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import type { CacheParams } from "../params.js";
import { assertIsCache } from "./clean.js";
import { filesIn, globCache, signatureOfFile } from "./listing.js";
import { type FileRecord, type Manifest, readManifest } from "./manifest.js";
import { cacheRoot, createManifestFilename } from "./names.js";
import { assertSafeDirectory } from "./owner.js";

/* A look at every byte of a cache. A lookup verifies what it finds in the same way, but only that. */

/** Something that is wrong. */
export interface Problem {
  /** Empty if it is not about one library. */
  readonly signature: string;
  /** Absolute. */
  readonly filename: string;
  /** `has other content than when it was built` */
  readonly problem: string;
}

/** What was found. */
export interface Verification {
  /** How many libraries there are. */
  readonly entries: number;
  /** How many files they should have. */
  readonly files: number;
  /** Their size. */
  readonly bytes: number;
  /** What is damaged: none of it is ever loaded, and what is asked for again is built anew. */
  readonly problems: readonly Problem[];
  /** Libraries that will be built anew because what they include or are linked with has changed since. */
  readonly outdated: readonly Problem[];
  /** Files without a library, which a killed process has left, or which were kept when it was removed. */
  readonly orphans: readonly string[];
}

/**
 * Reads every file of the cache and compares it with what was recorded when it was built. Changes nothing.
 * @throws JitError `ERR_JIT_CACHE` if the directory is no cache or cannot be read
 */
export function verifyCache(cache: CacheParams): Verification {
  assertIsCache(cache);
  const root = cacheRoot(cache.cacheDir);
  const problems: Problem[] = ownerProblems(root, cache);
  const outdated: Problem[] = [];
  const known = new Set<string>();
  let [files, bytes] = [0, 0];
  for (const name of filesIn(join(root, "manifest"))) {
    if (!name.endsWith(".json")) continue;
    const signature = name.slice(0, -".json".length);
    const filename = join(root, "manifest", name);
    const manifest = readManifest(filename);
    known.add(signature);
    if (manifest?.signature !== signature) {
      const problem =
        manifest === undefined ? "is torn, or not readable" : `is that of ${manifest.signature}`;
      problems.push({ signature, filename, problem });
      continue;
    }
    for (const record of [manifest.library, manifest.header, manifest.source, manifest.log]) {
      if (record === null) continue;
      files++;
      bytes += record.size;
      const problem = fileProblem(join(root, record.path), record);
      if (problem !== undefined) problems.push({ signature, filename: join(root, record.path), problem });
    }
    for (const { isMissing, problem } of dependencyProblems(manifest, root, cache)) {
      (isMissing ? problems : outdated).push(problem);
    }
    outdated.push(...changedIncludes(manifest, root));
  }
  return { entries: known.size, files, bytes, problems, outdated, orphans: orphansOf(known, cache) };
}

function ownerProblems(root: string, cache: CacheParams): Problem[] {
  try {
    assertSafeDirectory(root, [cache.libDir, "manifest"]);
    return [];
  } catch (error) {
    return [{ signature: "", filename: root, problem: (error as Error).message }];
  }
}

/** What is wrong with a file, or undefined. */
function fileProblem(
  filename: string,
  { size, sha256 }: Pick<FileRecord, "size" | "sha256">,
): string | undefined {
  try {
    const bytes = readFileSync(filename);
    if (bytes.length !== size) return `has ${bytes.length} bytes, not ${size}`;
    return hash("sha256", bytes) === sha256 ? undefined : "has other content than when it was built";
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? "is missing" : `cannot be read: ${message}`;
  }
}

/** What a library was linked with, if it is not there, or not that any more. */
function* dependencyProblems(manifest: Manifest, root: string, cache: CacheParams) {
  for (const { signature, sha256 } of manifest.dependencies) {
    const filename = createManifestFilename(signature, { ...cache, cacheDir: root });
    const dependency = readManifest(filename);
    if (dependency?.library.sha256 === sha256) continue;
    const isMissing = dependency === undefined;
    const problem = isMissing
      ? `is missing: ${manifest.signature} depends on it`
      : `is another build than ${manifest.signature} was linked with`;
    yield { isMissing, problem: { signature: manifest.signature, filename, problem } };
  }
}

function changedIncludes({ signature, includes }: Manifest, root: string): Problem[] {
  const changed: Problem[] = [];
  for (const include of includes) {
    // Those of the cache itself are relative to it.
    const filename = isAbsolute(include.path) ? include.path : join(root, include.path);
    const problem = include.sha256 === "" ? "changed while it was included" : fileProblem(filename, include);
    if (problem !== undefined) changed.push({ signature, filename, problem });
  }
  return changed;
}

function orphansOf(known: ReadonlySet<string>, cache: CacheParams): string[] {
  return Object.entries(globCache(cache)).flatMap(([category, filenames]) =>
    filenames.filter(
      (filename) => !known.has(signatureOfFile(basename(filename), category as "lib", cache) ?? ""),
    ),
  );
}
