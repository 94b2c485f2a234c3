/*
 * killed-program CACHE SIGNATURE VALUE STEP LIBRARY: publishes an entry under its lock, and kills itself before the
 * STEP-th change that it makes to the disk.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import type { CacheParams } from "../../../src/jit/params.js";

const [, , cacheText, signature, value, step, library] = process.argv as unknown as string[];
const cache = JSON.parse(cacheText as string) as CacheParams;
const file = library as string;

let left = Number(step);
type Functions = Record<string, (...args: unknown[]) => unknown>;
const functions = fs as unknown as Functions;
for (const name of [
  "openSync",
  "writeSync",
  "renameSync",
  "rmSync",
  "unlinkSync",
  "mkdirSync",
  "mkdtempSync",
  "chmodSync",
  "ftruncateSync",
]) {
  const original = functions[name] as (...args: unknown[]) => unknown;
  functions[name] = (...args) => {
    if (--left === 0) process.kill(process.pid, "SIGKILL");
    return original(...args);
  };
}
syncBuiltinESMExports();

const { withLock } = await import("../../../src/jit/cache/lock.js");
const { publishEntry } = await import("../../../src/jit/cache/publish.js");
const { cleanAbandoned, stagingDirectory } = await import("../../../src/jit/cache/staging.js");
const { runSync } = await import("../../../src/jit/steps.js");

// biome-ignore lint/correctness/useYield: nothing in it takes long.
const body = function* (): ReturnType<typeof withLock<void>> {
  cleanAbandoned(signature as string, cache);
  const directory = stagingDirectory(signature as string, cache);
  const libFilename = `${directory}/library.so`;
  fs.copyFileSync(file, libFilename);
  const source = `int f() { return ${value}; }\n`;
  const rest = { name: "n", source, header: "int f();\n", log: "cc\n", dependencies: [], depFile: undefined };
  publishEntry(
    signature as string,
    { directory, libFilename, ...rest, command: ["cc"], compiler: "cc", seconds: 0 },
    cache,
  );
  fs.rmSync(directory, { recursive: true, force: true });
};
runSync(withLock(signature as string, cache, body));
