import { readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { packageVersion } from "../../package.js";
import { JitError } from "../error.js";
import type { CacheParams } from "../params.js";
import { cannotWrite } from "./cannot-write.js";
import { type Entry, isMiss, type StagedBuild } from "./entry.js";
import { recordIncludes } from "./includes.js";
import { lookupEntry } from "./lookup.js";
import { type FileRecord, formatManifest, type Manifest, readManifest } from "./manifest.js";
import {
  assertSignature,
  cacheRoot,
  createIncFilename,
  createLibFilename,
  createLogFilename,
  createManifestFilename,
  createSrcBasename,
  createSrcFilename,
  ensureDirs,
} from "./names.js";
import { assertSafeDirectory } from "./owner.js";
import {
  flush,
  isInside,
  makePart,
  optionalPart,
  type Part,
  textParts,
  writeLibrary,
  writePart,
} from "./parts.js";
import { partFilenames, stagingDirectory } from "./staging.js";
import { writeWhole } from "./whole.js";

/*
 * Putting entries into the cache, and taking them out. All files are written whole in a directory below `temp`, on the
 * same file system, and then renamed, the manifest last; before that, the manifest of an entry that is replaced is
 * removed. So there is the old entry, none, or the new one, whenever a process is killed or the disk is full.
 */

/**
 * Publishes what was built as the entry of the signature, in place of the one that is there. The lock of the
 * signature should be held.
 * @param staged What was built. Its library is moved if it is in the cache's `temp`, and copied if not.
 * @throws JitError `ERR_JIT_CACHE` with its cause if it cannot be written, and then nothing of it is left;
 *   `ERR_JIT_UNSAFE_CACHE`.
 */
export function publishEntry(signature: string, staged: StagedBuild, cache: CacheParams): Entry {
  assertSignature(signature);
  const root = cacheRoot(cache.cacheDir);
  try {
    const canMove = isInside(staged.directory, cache);
    const libFilename = createLibFilename(signature, cache);
    const library = makePart(
      libFilename,
      readFileSync(staged.libFilename),
      root,
      canMove ? staged.libFilename : undefined,
    );
    const texts = staged.texts ?? textParts(signature, staged.source, staged.header, cache);
    const { source, header, sourceSha256, headerSha256 } = texts;
    const log = optionalPart(createLogFilename(signature, cache), staged.log, root);
    const started = statSync(join(staged.directory, createSrcBasename(signature, cache)), {
      throwIfNoEntry: false,
    });
    const manifest: Manifest = {
      format: 1,
      signature,
      name: staged.name,
      library: library.record,
      source: source?.record ?? null,
      header: header?.record ?? null,
      log: log?.record ?? null,
      sourceSha256,
      headerSha256,
      dependencies: staged.dependencies.map((entry) => ({
        signature: entry.signature,
        sha256: entry.manifest.library.sha256,
      })),
      includes: recordIncludes(staged.depFile, staged.directory, root, started?.ctimeMs ?? Infinity),
      build: {
        command: [...staged.command],
        compiler: staged.compiler,
        seconds: staged.seconds,
        host: hostname(),
        date: new Date().toISOString(),
        version: packageVersion(),
      },
    };
    install(manifest, library, [header, source, log], canMove ? staged.directory : undefined, cache);
    return { signature, cacheDir: root, libFilename, manifest };
  } catch (cause) {
    throw cannotWrite(root, cause, signature);
  }
}

/** Writes the parts and the manifest to `work`, or to a directory of its own, and renames them. */
function install(
  manifest: Manifest,
  library: Part,
  given: readonly (Part | undefined)[],
  work: string | undefined,
  cache: CacheParams,
): void {
  const { signature } = manifest;
  const texts = given.filter((part) => part !== undefined);
  const root = cacheRoot(cache.cacheDir);
  const { fsync } = cache;
  assertSafeDirectory(root, [cache.libDir, cache.incDir, "manifest"]);
  ensureDirs(cache);
  const directory = work ?? stagingDirectory(signature, { ...cache, tempDirRoot: "" });
  try {
    const moves: [from: string, to: string][] = [
      [writeLibrary(library, directory, fsync), library.filename],
      ...texts.map((part, index): [string, string] => [
        writePart(part, directory, `publish.${index}`, fsync),
        part.filename,
      ]),
    ];
    const manifestFilename = createManifestFilename(signature, cache);
    const written = join(directory, "publish.manifest");
    writeWhole(written, formatManifest(manifest), fsync, 0o644);
    rmSync(manifestFilename, { force: true });
    try {
      for (const [from, to] of moves) renameSync(from, to);
      const kept = new Set(moves.map(([, to]) => to));
      for (const filename of partFilenames(signature, cache)) if (!kept.has(filename)) tryRemove(filename);
      if (fsync) for (const folder of new Set(moves.map(([, to]) => dirname(to)))) flush(folder);
      renameSync(written, manifestFilename);
      if (fsync) flush(dirname(manifestFilename));
    } catch (error) {
      tryRemove(manifestFilename);
      for (const filename of partFilenames(signature, cache)) tryRemove(filename);
      throw error;
    }
  } finally {
    if (work === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

function tryRemove(filename: string): boolean {
  try {
    if (statSync(filename, { throwIfNoEntry: false }) === undefined) return false;
    rmSync(filename, { force: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * Copies an entry of another cache, and what it depends on, into `cache.cacheDir`. Every file is verified.
 * @returns The entry there; the given one if it is there already.
 * @throws JitError `ERR_JIT_CACHE` if it cannot be read or written; `ERR_JIT_DEPENDENCY` if there is another build of
 *   what it depends on.
 */
export function copyEntry(entry: Entry, cache: CacheParams): Entry {
  const { signature, cacheDir, manifest } = entry;
  const root = cacheRoot(cache.cacheDir);
  if (cacheDir === root) return entry;
  const here = { ...cache, cacheDir: root, overlayDir: "", layers: [] };
  const present = lookupEntry(signature, here);
  if (!isMiss(present) && present.manifest.library.sha256 === manifest.library.sha256) return present;
  copyDependencies(entry, here);
  try {
    const copy = (record: FileRecord | null, filename: string): Part | undefined => {
      if (record === null) return undefined;
      const part = makePart(filename, readFileSync(join(cacheDir, record.path)), root);
      if (part.record.sha256 === record.sha256) return part;
      throw new JitError("ERR_JIT_CACHE", `${join(cacheDir, record.path)} is damaged`, { signature });
    };
    const library = copy(manifest.library, createLibFilename(signature, here)) as Part;
    const header = copy(manifest.header, createIncFilename(signature, here));
    const source = copy(manifest.source, sourceFilename(manifest, here));
    const log = copy(manifest.log, createLogFilename(signature, here));
    const copied: Manifest = {
      ...manifest,
      library: library.record,
      header: header?.record ?? null,
      source: source?.record ?? null,
      log: log?.record ?? null,
    };
    install(copied, library, [header, source, log], undefined, here);
    return { signature, cacheDir: root, libFilename: createLibFilename(signature, here), manifest: copied };
  } catch (cause) {
    throw cannotWrite(root, cause, signature);
  }
}

/** It may be stored otherwise than these parameters say. */
function sourceFilename({ signature, source }: Manifest, cache: CacheParams): string {
  const filename = createSrcFilename(signature, cache);
  return basename(source?.path ?? "").endsWith(".gz") ? `${filename}.gz` : filename;
}

function copyDependencies({ signature, cacheDir, manifest }: Entry, here: CacheParams): void {
  for (const { signature: dependency, sha256 } of manifest.dependencies) {
    const found = lookupEntry(dependency, { ...here, cacheDir });
    if (isMiss(found)) {
      throw new JitError("ERR_JIT_DEPENDENCY", `${dependency} in ${cacheDir}: ${found.reason}`, {
        signature,
      });
    }
    const present = lookupEntry(dependency, here);
    if (!isMiss(present) && present.manifest.library.sha256 !== sha256) {
      throw new JitError(
        "ERR_JIT_DEPENDENCY",
        `${signature} in ${cacheDir} cannot be copied to ${here.cacheDir}, where there is another build of ${dependency}`,
        { signature },
      );
    }
    copyEntry(found, here);
  }
}

/**
 * Removes an entry from `cache.cacheDir`, its manifest first.
 * @returns Whether there was one.
 * @throws JitError `ERR_JIT_CACHE` if it cannot be removed.
 */
export function removeEntry(signature: string, cache: CacheParams): boolean {
  const root = cacheRoot(cache.cacheDir);
  const filename = createManifestFilename(signature, cache);
  const manifest = readManifest(filename);
  const records =
    manifest === undefined ? [] : [manifest.library, manifest.header, manifest.source, manifest.log];
  const listed = records.filter((record) => record !== null).map(({ path }) => join(root, path));
  const existed = statSync(filename, { throwIfNoEntry: false }) !== undefined;
  try {
    rmSync(filename, { force: true });
    for (const part of new Set([...listed, ...partFilenames(signature, cache)])) {
      rmSync(part, { force: true });
    }
  } catch (cause) {
    throw cannotWrite(root, cause, signature);
  }
  return existed;
}
