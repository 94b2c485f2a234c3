import { NjitError } from "../../../src/njit/error.js";
import { prepare, textOfProgram } from "./batch.js";
import { differenceOf } from "./compare.js";
import { generate } from "./generator.js";

const [from, count, opt] = process.argv.slice(2);
const FLAGS = [
  "-std=gnu11",
  "-shared",
  "-fPIC",
  opt ?? "-O1",
  "-march=native",
  "-fno-math-errno",
  "-fno-trapping-math",
  "-fno-strict-aliasing",
  "-w",
  "-ffp-contract=off",
];
const programs = Array.from({ length: Number(count) }, (_, i) => generate(Number(from) + i));
const t = performance.now();
const all = prepare(programs, { flags: FLAGS, directory: "/tmp/fuzzcache" });
const t1 = performance.now();
let refused = 0,
  bad = 0;
for (const each of all) {
  if (each.compiled instanceof NjitError) {
    refused++;
    console.log("REFUSED", each.program.seed, each.compiled.message);
    continue;
  }
  const d = differenceOf(each);
  if (d !== undefined) {
    bad++;
    console.log("DIFF", each.program.seed, each.program.mode, d.slice(0, 600));
    if (count === "1") console.log(textOfProgram(each.program));
  }
}
console.log({ refused, bad, compile: t1 - t, run: performance.now() - t1 });
