import { writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { NjitError } from "../../../src/njit/error.js";
import { FLAGS, STRICT } from "../../../src/njit/run/compile.js";
import { type Compiler, prepare, textOfProgram } from "./batch.js";
import { differenceOf } from "./compare.js";
import { generate } from "./generator.js";
import { reduce } from "./reduce.js";

/*
 * Compares the programs of `count` seeds, from `seed` on, with JavaScript. Says which it runs, `at SEED`, so that it is
 * known if it crashes, and in the end `N compared, N refused, N different`.
 */

const { values: options } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "100" },
    batch: { type: "string", default: "25" },
    flags: { type: "string", default: "-O3" },
    directory: { type: "string" },
    // Seconds to spend on making a program smaller.
    reduce: { type: "string", default: "60" },
  },
});

const compiler: Compiler = {
  flags: [...FLAGS, ...STRICT, ...options.flags.split(" ")],
  directory: options.directory ?? ".",
};
const [first, count, size] = [options.seed, options.count, options.batch].map(Number) as [
  number,
  number,
  number,
];
const totals = { compared: 0, refused: 0, different: 0 };
for (let from = 0; from < count; from += size) {
  const seeds = Array.from({ length: Math.min(size, count - from) }, (_, i) => first + from + i);
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
    const reduced = reduce(program, difference, { ...compiler, flags: [...compiler.flags, "-O0"] }, until);
    const { mode } = program;
    writeSync(
      1,
      `different (boundscheck "${mode}")\n${textOfProgram(reduced.program)}\n${reduced.difference}\n`,
    );
  }
}
writeSync(1, `${totals.compared} compared, ${totals.refused} refused, ${totals.different} different\n`);
process.exitCode = totals.different === 0 ? 0 : 1;
