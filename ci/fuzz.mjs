// npm run fuzz [-- --minutes N --seed S --flags=-O2 --sanitize]
//
// Random functions, compiled by njit and as JavaScript, for N minutes (default 10) from seed S on (default: another at
// each start). Prints each program that differs, made smaller, with its seed. The flags come after those of njit;
// --sanitize adds those that find what is not defined in C.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildAll } from "./build.mjs";
import { setUpCompilers } from "./compilers.mjs";
import { runJob, stopJobsWithUs } from "./job.mjs";
import { command, ROOT, setUpPackages } from "./setup.mjs";

/** Programs in one process: its memory grows with the libraries that it has loaded. */
const CHUNK = 200;

/** Seconds for a chunk, what is made smaller in it included. */
const LIMIT = 900;

const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string" },
    flags: { type: "string", default: "-O3" },
    sanitize: { type: "boolean", default: false },
  },
});

command(async () => {
  setUpPackages();
  setUpCompilers(["c++"]);
  await buildAll();
  stopJobsWithUs();
  const first = Number(options.seed ?? Date.now() % 1_000_000_000);
  const end = performance.now() + Number(options.minutes) * 60_000;
  const totals = { compared: 0, refused: 0, failed: 0 };
  for (let seed = first; performance.now() < end; seed += CHUNK) {
    await chunk(seed, totals);
    const minutes = Math.max(0, Math.ceil((end - performance.now()) / 60_000));
    console.log(
      `seeds ${first} to ${seed + CHUNK - 1}: ${totals.compared} compared, ${totals.refused} refused, ` +
        `${totals.failed} different; ${minutes} min left`,
    );
  }
  return totals.failed === 0 ? 0 : 1;
});

/** Runs the programs of some seeds in a process of their own. */
async function chunk(seed, totals) {
  const directory = mkdtempSync(join(tmpdir(), "typed-mpi-fuzz-"));
  try {
    const program = join(ROOT, "build/test/njit/fuzz/fuzz-program.js");
    const args = ["--seed", String(seed), "--count", String(CHUNK), "--directory", directory];
    const more = options.sanitize ? ["--sanitize"] : [];
    const { code, signal, timedOut, output } = await runJob(
      [process.execPath, program, ...args, `--flags=${options.flags}`, ...more],
      { limit: LIMIT },
    );
    const [, compared, refused, different] =
      /^(\d+) compared, (\d+) refused, (\d+) different$/m.exec(output) ?? [];
    totals.compared += Number(compared ?? 0);
    totals.refused += Number(refused ?? 0);
    totals.failed += Number(different ?? 1);
    const isOver = compared !== undefined;
    if (code === 0 && isOver) return;
    const last = output.match(/^at \d+$/gm)?.at(-1) ?? "before the first program";
    if (!isOver) console.log(timedOut ? `no end ${last}` : `ended by ${signal ?? code} ${last}`);
    console.log(output.replace(/^at \d+\n(?=at )/gm, "").trimEnd());
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
