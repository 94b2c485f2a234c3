import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { entrySize } from "../../jit/cache/eviction.js";
import { type Category, filesIn, globCache, signatureOfFile } from "../../jit/cache/listing.js";
import { type Manifest, readManifest } from "../../jit/cache/manifest.js";
import { cacheRoot, createManifestFilename } from "../../jit/cache/names.js";
import { readStatistics } from "../../jit/cache/statistics.js";
import type { CacheParams } from "../../jit/params.js";
import { type CacheCommand, chosenCategories, text } from "./command.js";
import { formatBytes, formatDate, plural, table } from "./format.js";

export const show: CacheCommand = {
  summary: "show what is in the cache",
  details: `Options:
  --categories LIST      kinds of files: some of inc,src,lib,log, or all (default)
  --signatures           the libraries: when, how and how long they were built,
                         and when they were last used (UTC)
  --signature TEXT       only those whose signature contains this
  --files                the files
  --no-summary           not how many files there are, nor what has happened

Examples:
  typed-mpi cache show
  typed-mpi cache show --signatures --no-summary
  typed-mpi cache show --files --categories src
`,
  options: {
    categories: { type: "string" },
    signatures: { type: "boolean" },
    signature: { type: "string" },
    files: { type: "boolean" },
    "no-summary": { type: "boolean" },
  },
  run: (values, { cache }) => {
    const chosen = chosenCategories(values);
    const wanted = text(values, "signature") ?? "";
    const files = listFiles(cache, chosen, wanted);
    const libraries = listLibraries(cache, wanted);
    const statistics = readStatistics(cache);
    const lines: string[] = [];
    if (values["signatures"]) lines.push(...describeLibraries(libraries));
    if (values["files"]) lines.push(...chosen.flatMap((each) => files[each]?.files ?? []));
    if (!values["no-summary"]) {
      lines.push(...summarize(cacheRoot(cache.cacheDir), libraries.length, files, statistics));
    }
    const summary = Object.fromEntries(
      Object.entries(files).map(
        ([
          each,
          {
            files: { length },
            bytes,
          },
        ]) => [each, { files: length, bytes }],
      ),
    );
    const data = {
      cacheDir: cacheRoot(cache.cacheDir),
      ...(values["no-summary"] ? {} : { summary, statistics }),
      ...(values["signatures"] ? { signatures: libraries } : {}),
      ...(values["files"]
        ? { files: Object.fromEntries(chosen.map((each) => [each, files[each]?.files ?? []])) }
        : {}),
    };
    return { exitCode: 0, data, lines };
  },
};

export const stats: CacheCommand = {
  summary: "show how often the cache was of use",
  details: `Counted since the cache was made, in all programs that use it.

Examples:
  typed-mpi cache stats --json
`,
  options: {},
  run: (_, { cache }) => {
    const { bytes, ...counts } = readStatistics(cache);
    const { hits, misses } = counts;
    const limit = cache.maxSize === 0 ? "no limit" : `of ${formatBytes(cache.maxSize)}`;
    const share = hits + misses === 0 ? "" : `${((100 * hits) / (hits + misses)).toFixed(1)} %`;
    const rows = Object.entries(counts).map(([name, n]) => [name, String(n), name === "hits" ? share : ""]);
    const lines = [...table(rows, [1]), `size  ${formatBytes(bytes)}, ${limit}`];
    return { exitCode: 0, data: { ...counts, bytes, maxSize: cache.maxSize }, lines };
  },
};

type Files = Partial<Record<Category, { readonly files: readonly string[]; readonly bytes: number }>>;

function listFiles(cache: CacheParams, chosen: readonly Category[], wanted: string): Files {
  const found: Files = {};
  for (const [category, filenames] of Object.entries(globCache(cache, chosen)) as [Category, string[]][]) {
    const files = filenames.filter((name) =>
      signatureOfFile(basename(name), category, cache)?.includes(wanted),
    );
    const bytes = files.reduce(
      (sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    found[category] = { files, bytes };
  }
  return found;
}

/** One library, as `show --signatures --json` tells it. */
interface Library {
  readonly signature: string;
  readonly name: string;
  /** Bytes of all its files. */
  readonly bytes: number;
  readonly built: Manifest["build"];
  /** ISO 8601: accurate to a minute. */
  readonly used: string;
  readonly dependencies: readonly string[];
}

function listLibraries(cache: CacheParams, wanted: string): Library[] {
  const libraries: Library[] = [];
  for (const name of filesIn(join(cacheRoot(cache.cacheDir), "manifest")).sort()) {
    const signature = name.slice(0, -".json".length);
    if (!name.endsWith(".json") || !signature.includes(wanted)) continue;
    const filename = createManifestFilename(signature, cache);
    const manifest = readManifest(filename);
    const used = statSync(filename, { throwIfNoEntry: false })?.mtime.toISOString();
    if (manifest === undefined || used === undefined) continue; // `verify` tells about it.
    libraries.push({
      signature,
      name: manifest.name,
      bytes: entrySize(manifest),
      built: manifest.build,
      used,
      dependencies: manifest.dependencies.map((each) => each.signature),
    });
  }
  return libraries;
}

function describeLibraries(libraries: readonly Library[]): string[] {
  return libraries.flatMap(({ signature, bytes, built, used, dependencies }) => [
    signature,
    `    built ${formatDate(built.date)} in ${built.seconds.toFixed(2)} s on ${built.host}, ${formatBytes(bytes)}, ` +
      `last used ${formatDate(used)}`,
    `    by ${built.compiler}`,
    ...dependencies.map((each) => `    depends on ${each}`),
  ]);
}

function summarize(
  root: string,
  libraries: number,
  files: Files,
  { hits, misses, builds, failures }: Readonly<Record<"hits" | "misses" | "builds" | "failures", number>>,
): string[] {
  const rows = Object.entries(files).map(([category, each]) => [
    `  ${category}`,
    String(each.files.length),
    formatBytes(each.bytes),
  ]);
  return [
    `${root}: ${plural(libraries, "library", "libraries")}`,
    ...table(rows, [1, 2]),
    `${plural(hits, "hit")}, ${plural(misses, "miss", "misses")}, ${plural(builds, "build")}, ${failures} failed`,
  ];
}
