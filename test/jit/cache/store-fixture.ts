import { spawnSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Entry, isMiss, type StagedBuild } from "../../../src/jit/cache/entry.js";
import { lookupEntry } from "../../../src/jit/cache/lookup.js";
import { publishEntry } from "../../../src/jit/cache/publish.js";
import { stagingDirectory } from "../../../src/jit/cache/staging.js";
import { type CacheParams, defaultCacheParams } from "../../../src/jit/params.js";
import { newFolder } from "../caches.js";

/** A cache in `cacheDir`. */
export const cacheIn = (cacheDir: string, more: Partial<CacheParams> = {}): CacheParams => ({
  ...defaultCacheParams(),
  cacheDir,
  overlayDir: "",
  layers: [],
  ...more,
});

/** A cache in a new directory. */
export const newCache = (more: Partial<CacheParams> = {}): CacheParams => cacheIn(newFolder(), more);

const compiled = new Map<number, string>();

/** A real library, whose function `f` returns the value. */
export function libraryOf(value: number): string {
  const known = compiled.get(value);
  if (known !== undefined) return known;
  const folder = newFolder();
  const filename = join(folder, "library.so");
  writeFileSync(join(folder, "code.c"), `int f(void) { return ${value}; }\n`);
  const { status, stderr } = spawnSync("cc", ["-shared", "-fPIC", "-o", filename, join(folder, "code.c")]);
  if (status !== 0) throw new Error(`cc failed: ${stderr}`);
  compiled.set(value, filename);
  return filename;
}

export interface Staging extends Partial<StagedBuild> {
  readonly value?: number;
  /** Headers that the compiler read. */
  readonly included?: readonly string[];
}

/** Stages a build as build.ts does. */
export function stage(signature: string, cache: CacheParams, staging: Staging = {}): StagedBuild {
  const { value = 1, included, ...more } = staging;
  const library = libraryOf(value);
  const directory = stagingDirectory(signature, cache);
  const libFilename = join(directory, "library.so");
  copyFileSync(library, libFilename);
  const depFile = join(directory, "included.d");
  writeFileSync(join(directory, `${signature}.cpp`), "");
  const escaped = (included ?? []).map((path) => path.replaceAll(" ", "\\ "));
  writeFileSync(depFile, `library.so: ${[`${signature}.cpp`, ...escaped].join(" \\\n  ")}\n`);
  return {
    directory,
    libFilename,
    name: signature,
    source: `int f() { return ${value}; }\n`,
    header: "int f();\n",
    log: "cc\n",
    dependencies: [],
    depFile,
    command: ["cc"],
    compiler: "cc",
    seconds: 0.1,
    ...more,
  };
}

/** Publishes a new entry. */
export function publish(signature: string, cache: CacheParams, staging: Staging = {}): Entry {
  return publishEntry(signature, stage(signature, cache, staging), cache);
}

/** What is found, which must be an entry. */
export function found(signature: string, cache: CacheParams): Entry {
  const result = lookupEntry(signature, cache);
  if (isMiss(result)) throw new Error(`${signature}: ${result.reason}`);
  return result;
}

/** Why there is none. */
export function missOf(signature: string, cache: CacheParams): string {
  const result = lookupEntry(signature, cache);
  if (!isMiss(result)) throw new Error(`${signature} was found`);
  return result.reason;
}

/**
 * Runs `body` with a file system of its own, of which `remount` changes options; unmounts it in any case. Needs root:
 * where mounting is refused nothing is tested, which is said.
 */
export function withTmpfs(
  options: string,
  body: (mounted: string, remount: (options: string) => void) => void,
): void {
  const folder = newFolder();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `${options},mode=755`, "tmpfs", folder]);
  if (mounted.status !== 0) {
    console.error("NOT TESTED: a file system of its own cannot be mounted here (root is needed)");
    return;
  }
  try {
    body(folder, (changed) => {
      const { status, stderr } = spawnSync("mount", ["-o", `remount,${changed}`, folder], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(stderr);
    });
  } finally {
    spawnSync("umount", [folder]);
  }
}
