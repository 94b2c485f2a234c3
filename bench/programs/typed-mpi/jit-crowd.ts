/** jit-crowd ENTRIES WHAT FOLDER: a build or a hit beside as many other entries, and alone; prints how many times as long. */
import { spawnSync } from "node:child_process";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv, execPath, hrtime } from "node:process";
import { fileURLToPath } from "node:url";
import {
  type CacheParams,
  createLibFilename,
  createSrcFilename,
  validateParams,
} from "../../../src/jit/index.js";
import { argument } from "../measure.js";
import { answer } from "./jit-common.js";

const SAMPLES = 15;
const [entries, what, folder] = [argument(0), argv[3], argv[4] as string];
const [alone, crowded] = [join(folder, "typed-mpi-alone"), join(folder, "typed-mpi-crowded")];

/** Entries like the first, under other signatures. */
function crowd(cacheDir: string): void {
  const { cache } = validateParams({ cache: { cacheDir } });
  const { signature } = answer(1, "first", cacheDir);
  const manifestOf = (each: string): string => join(cacheDir, "manifest", `${each}.json`);
  const text = readFileSync(manifestOf(signature), "utf8");
  const filesOf = (each: string, params: CacheParams): string[] => [
    createLibFilename(each, params),
    `${createSrcFilename(each, params)}.gz`,
  ];
  for (let i = 0; i < entries; i++) {
    const other = signature.replace(/[0-9a-f]{32}$/, i.toString(16).padStart(32, "0"));
    for (const [j, file] of filesOf(signature, cache).entries())
      linkSync(file, filesOf(other, cache)[j] as string);
    writeFileSync(manifestOf(other), text.replaceAll(signature, other));
  }
}

let built = 0;

/** How long it takes in this cache, in nanoseconds. */
function once(cacheDir: string): number {
  if (what === "hit") {
    const program = fileURLToPath(new URL("jit-hit.js", import.meta.url));
    const { stdout } = spawnSync(execPath, [program, "1", cacheDir], { encoding: "utf8" });
    return (JSON.parse(stdout) as { ns: number }).ns;
  }
  const calls = what === "memory" ? 10_000 : 1;
  const start = hrtime.bigint();
  for (let i = 0; i < calls; i++) answer(2, what === "memory" ? "memory" : `cold_${built++}`, cacheDir);
  return Number(hrtime.bigint() - start) / calls;
}

crowd(crowded);
const ratios = new Float64Array(SAMPLES + 1);
for (let i = 0; i < ratios.length; i++) {
  const before = once(alone);
  ratios[i] = once(crowded) / before;
}
for (const each of [alone, crowded]) rmSync(each, { recursive: true });
// The first fills the caches.
const sorted = ratios.slice(1).sort();
console.log(JSON.stringify({ name: "jit-crowd", times: sorted[SAMPLES >> 1] }));
