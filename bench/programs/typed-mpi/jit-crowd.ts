/**
 * jit-crowd SAMPLES ENTRIES FOLDER: a build, a hit on disk and one in memory beside as many other entries, a list with
 * commas, and alone; prints how many times as long each takes.
 */
import { spawnSync } from "node:child_process";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv, execPath, hrtime } from "node:process";
import { fileURLToPath } from "node:url";
import { median } from "simple-statistics";
import { type CacheParams, createLibFilename, createSrcFilename, validateParams } from "typed-mpi/jit";
import { argument } from "../measure.js";
import { answer } from "./jit-common.js";

const samples = argument(0);
const folder = argv[4] as string;
const [alone, crowded] = [join(folder, "typed-mpi-alone"), join(folder, "typed-mpi-crowded")];

/** Entries like the first, under other signatures. */
function crowd(cacheDir: string, from: number, to: number): void {
  const { cache } = validateParams({ cache: { cacheDir } });
  const { signature } = answer(1, "first", cacheDir);
  const manifestOf = (each: string): string => join(cacheDir, "manifest", `${each}.json`);
  const text = readFileSync(manifestOf(signature), "utf8");
  const filesOf = (each: string, params: CacheParams): string[] => [
    createLibFilename(each, params),
    `${createSrcFilename(each, params)}.gz`,
  ];
  for (let i = from; i < to; i++) {
    const other = signature.replace(/[0-9a-f]{32}$/, i.toString(16).padStart(32, "0"));
    for (const [j, file] of filesOf(signature, cache).entries())
      linkSync(file, filesOf(other, cache)[j] as string);
    writeFileSync(manifestOf(other), text.replaceAll(signature, other));
  }
}

const time = (work: () => void): number => {
  const start = hrtime.bigint();
  work();
  return Number(hrtime.bigint() - start);
};

const MEMORY_HITS = 10_000;
const hitProgram = fileURLToPath(new URL("jit-hit.js", import.meta.url));
let built = 0;

/** How long each takes in a cache, in nanoseconds. */
const ways: Readonly<Record<string, (cacheDir: string) => number>> = {
  cold: (cacheDir) => time(() => answer(2, `cold_${built++}`, cacheDir)),
  hit(cacheDir) {
    const { stdout } = spawnSync(execPath, [hitProgram, "1", cacheDir], { encoding: "utf8" });
    return (JSON.parse(stdout) as { ns: number }).ns;
  },
  memory: (cacheDir) =>
    time(() => {
      for (let i = 0; i < MEMORY_HITS; i++) answer(2, "memory", cacheDir);
    }),
};

let entries = 0;
for (const x of (argv[3] as string).split(",").map(Number)) {
  crowd(crowded, entries, x);
  entries = x;
  for (const [name, once] of Object.entries(ways)) {
    const ratios: number[] = [];
    // The first fills the caches.
    for (let i = -1; i < samples; i++) {
      const before = once(alone);
      const ratio = once(crowded) / before;
      if (i >= 0) ratios.push(ratio);
    }
    console.log(JSON.stringify({ name, x, times: median(ratios) }));
  }
}
for (const each of [alone, crowded]) rmSync(each, { recursive: true });
