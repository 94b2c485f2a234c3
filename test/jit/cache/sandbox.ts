import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Manifest, writeManifest } from "../../../src/jit/cache/manifest.js";
import {
  createIncFilename,
  createLibFilename,
  createLogFilename,
  createManifestFilename,
  createSrcFilename,
  ensureDirs,
} from "../../../src/jit/cache/names.js";
import { defaultCacheParams } from "../../../src/jit/params/defaults.js";
import type { CacheParams } from "../../../src/jit/params.js";

/* Caches in temporary directories, entries without a compiler, and processes that do something with them. */

const roots: string[] = [];

/** Parameters of a cache that does not exist yet, and is removed when the process ends. */
export function newCache(params: Partial<CacheParams> = {}): CacheParams {
  if (roots.length === 0) {
    process.once("exit", () => {
      for (const root of roots) rmSync(root, { recursive: true, force: true });
    });
  }
  const root = mkdtempSync(join(tmpdir(), "typed-mpi-cache-"));
  roots.push(root);
  return { ...defaultCacheParams(), cacheDir: join(root, "cache"), ...params };
}

const hex = (text: string, length: number): string =>
  Buffer.from(text.repeat(length)).toString("hex").slice(-length);

/** A signature as jit makes them. */
export const signatureFor = (name: string): string => `${name}_${hex(name, 32)}`;

/** What an entry of a test is like. */
export interface EntryOptions {
  /** Bytes of the library. Default 1000. */
  readonly size?: number;
  /** Minutes since it was used. Default 10. */
  readonly age?: number;
  /** Names of entries that it is linked with. */
  readonly dependencies?: readonly string[];
  /** Whether it has a header, source and log of one byte each. Default true. */
  readonly isWhole?: boolean;
}

/** Publishes an entry whose library is no library. The directories exist. @returns Its signature. */
export function publish(cache: CacheParams, name: string, options: EntryOptions = {}): string {
  const { size = 1000, age = 10, dependencies = [], isWhole = true } = options;
  const signature = signatureFor(name);
  const sha256 = hex(name, 64);
  const record = (filename: string, bytes: number): Manifest["library"] => {
    writeFileSync(filename, Buffer.alloc(bytes));
    return { path: filename.slice(cache.cacheDir.length + 1), sha256, size: bytes };
  };
  const part = (filename: string): Manifest["library"] | null => (isWhole ? record(filename, 1) : null);
  const manifest = createManifestFilename(signature, cache);
  writeManifest(
    manifest,
    {
      format: 1,
      signature,
      name,
      library: record(createLibFilename(signature, cache), size),
      source: part(createSrcFilename(signature, cache)),
      header: part(createIncFilename(signature, cache)),
      log: part(createLogFilename(signature, cache)),
      sourceSha256: sha256,
      headerSha256: isWhole ? sha256 : null,
      dependencies: dependencies.map((each) => ({ signature: signatureFor(each), sha256: hex(each, 64) })),
      includes: [],
      build: {
        command: ["c++"],
        compiler: "none",
        seconds: 0,
        host: "here",
        date: "2020-01-01T00:00:00Z",
        version: "0",
      },
    },
    false,
  );
  setAge(manifest, age);
  return signature;
}

/** A new cache with entries. */
export function cacheWith(
  entries: Readonly<Record<string, EntryOptions>>,
  params: Partial<CacheParams> = {},
): CacheParams {
  const cache = newCache(params);
  mkdirSync(cache.cacheDir);
  ensureDirs(cache);
  for (const [name, options] of Object.entries(entries)) publish(cache, name, options);
  return cache;
}

/** @param age Minutes since the file was written. */
export function setAge(filename: string, age: number): void {
  const time = Date.now() / 1000 - age * 60;
  utimesSync(filename, time, time);
}

/** What a process wrote, and how it ended. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** A process that runs a module. */
export interface Program {
  readonly process: ChildProcess;
  /** Resolves when it writes `ready`. */
  readonly ready: Promise<void>;
  readonly ended: Promise<Outcome>;
}

/** Imports everything of the cache that tests use; `cache` are the parameters. */
const preamble = (cache: CacheParams): string =>
  ["eviction", "lock", "names", "statistics"]
    .map((name) => `import * as ${name} from ${JSON.stringify(moduleUrl(`cache/${name}`))};`)
    .concat(`import { runSync } from ${JSON.stringify(moduleUrl("steps"))};`)
    .concat(`const cache = ${JSON.stringify(cache)};\n`)
    .join("\n");

const moduleUrl = (name: string): string => new URL(`../../../src/jit/${name}.js`, import.meta.url).href;

const running = new Set<ChildProcess>();

/** Ends the processes that a test which failed left running; the test's own would wait for them. */
export function endAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Starts a process that runs `code`, with `eviction`, `lock`, `names`, `statistics`, `runSync` and `cache`. */
export function start(cache: CacheParams, code: string, imports: string = ""): Program {
  const child = spawn(process.execPath, ["--input-type=module", "-e", imports + preamble(cache) + code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  child.once("close", () => running.delete(child));
  let output = "";
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk;
      if (output.includes("ready")) resolve();
    });
    child.once("close", () => reject(new Error(`the process ended before it was ready: ${output}`)));
  });
  ready.catch(() => {});
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, output }) as Outcome);
  return { process: child, ready, ended };
}
