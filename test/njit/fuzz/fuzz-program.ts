import { spawnSync } from "node:child_process";
import { writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { NjitError } from "../../../src/njit/error.js";
import { FLAGS, STRICT } from "../../../src/njit/run/compile.js";
import { type Compiler, prepare, textOfProgram } from "./batch.js";
import { differenceOf } from "./compare.js";
import { generate } from "./generator.js";
import { reduce } from "./reduce.js";
import { SANITIZERS, sanitizedEnvironment } from "./sanitizers.js";
import { other } from "./tree.js";

/*
 * Compares the programs of `count` seeds, from `seed` on, with JavaScript. Says which it runs, `at SEED`, so that it is
 * known if it crashes, and in the end `N compared, N refused, N different`.
 */

const { values: options } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "100" },
    // Programs in one library.
    batch: { type: "string", default: "25" },
    flags: { type: "string", default: "-O3" },
    directory: { type: "string", default: "." },
    sanitize: { type: "boolean", default: false },
    // One program that reads outside of an array, unchecked: to see that the sanitizers see it.
    outside: { type: "boolean", default: false },
    // Seconds to spend on making a program smaller.
    reduce: { type: "string", default: "60" },
  },
});

if (options.sanitize && process.env["LD_PRELOAD"] === undefined) {
  const { status } = spawnSync(process.execPath, process.argv.slice(1), {
    stdio: "inherit",
    env: sanitizedEnvironment(),
  });
  process.exit(status ?? 1);
}

const compiler: Compiler = {
  flags: [...FLAGS, ...STRICT, ...options.flags.split(" "), ...(options.sanitize ? SANITIZERS : [])],
  directory: options.directory,
};
const totals = { compared: 0, refused: 0, different: 0 };
const first = Number(options.seed);
const end = first + Number(options.count);
if (options.outside) readOutside();
for (let from = first; from < end; from += Number(options.batch)) {
  const to = Math.min(from + Number(options.batch), end);
  runBatch(Array.from({ length: to - from }, (_, i) => from + i));
}
writeSync(1, `${totals.compared} compared, ${totals.refused} refused, ${totals.different} different\n`);
process.exitCode = totals.different === 0 ? 0 : 1;

function runBatch(seeds: readonly number[]): void {
  for (const prepared of prepare(seeds.map(generate), compiler)) {
    const { program, compiled } = prepared;
    writeSync(1, `at ${program.seed}\n`);
    if (compiled instanceof NjitError) {
      totals.refused++;
      writeSync(1, `refused: ${compiled.message}\n`);
      continue;
    }
    totals.compared++;
    const difference = differenceOf(prepared);
    if (difference === undefined) continue;
    totals.different++;
    const until = performance.now() + Number(options.reduce) * 1000;
    const quick = { ...compiler, flags: [...compiler.flags, "-O0"] };
    const smallest = reduce(program, difference, quick, until);
    const text = textOfProgram(smallest.program);
    writeSync(1, `different (boundscheck "${program.mode}")\n${text}\n${smallest.difference}\n`);
  }
}

function readOutside(): void {
  const body = other("function f_0(a, i) { return a[i]; }");
  const parameters = ["Float64Array", "number"] as const;
  const program = { seed: 0, mode: "none", parameters, functions: [{ name: "f_0", body }] } as const;
  for (const { compiled } of prepare([program], compiler)) {
    if (compiled instanceof Error) throw compiled;
    compiled.accepts([new Float64Array(4), 4]);
    compiled.run();
  }
}
