import { cacheRoot } from "../../jit/cache/names.js";
import { discoverConfigFilename } from "../../jit/config.js";
import type { Params } from "../../jit/params.js";
import { packageVersion } from "../../package.js";
import { usageError } from "../error.js";
import { type CacheCommand, type Outcome, text } from "./command.js";

export const version: CacheCommand = {
  summary: "print the version of typed-mpi",
  details: "",
  options: {},
  run: () => ({ exitCode: 0, data: { version: packageVersion() }, lines: [packageVersion()] }),
};

export const path: CacheCommand = {
  summary: "print where the cache is",
  details: `Examples:
  du -sh "$(typed-mpi cache path)"
`,
  options: {},
  run: (_, { cache }) => {
    const directory = cacheRoot(cache.cacheDir);
    return { exitCode: 0, data: { path: directory, layers: cache.layers }, lines: [directory] };
  },
};

export const config: CacheCommand = {
  summary: "show the parameters that hold if a program gives none",
  details: `Defaults, configuration file (.typed-mpi.json) and environment are in them.

Options:
  --key KEY   only this one, for instance build.cxxflags

Examples:
  typed-mpi cache config
  typed-mpi cache config --key build.cxxflags
`,
  options: { key: { type: "string" } },
  run: (values, params) => {
    const key = text(values, "key");
    return key === undefined ? everything(params) : one(key, params);
  },
};

/** Flags are easier to read, and to paste, with spaces between them. */
const show = (value: unknown): string =>
  Array.isArray(value) ? value.join(" ") : typeof value === "string" ? value : JSON.stringify(value);

function one(key: string, params: Params): Outcome {
  let value: unknown = params;
  for (const part of key.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) {
      throw usageError(`--key: there is no "${key}"; \`typed-mpi cache config\` shows all`);
    }
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return { exitCode: 0, data: value, lines: [`${key}: ${show(value)}`.trimEnd()] };
}

function everything(params: Params): Outcome {
  const configFile = discoverConfigFilename() ?? null;
  const lines = [`configuration file: ${configFile ?? "none"}`];
  for (const [group, entries] of Object.entries(params)) {
    const names = Object.keys(entries).sort();
    if (names.length === 0) continue;
    lines.push(`${group}:`);
    for (const name of names)
      lines.push(`    ${name}: ${show(entries[name as keyof typeof entries])}`.trimEnd());
  }
  return { exitCode: 0, data: { configFile, ...params }, lines };
}
