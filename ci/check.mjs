// npm run check: types, format and lint, and whether what would be published can be used. Under a minute.

import { join } from "node:path";
import { buildPackage } from "./build.mjs";
import { command, ROOT, setUpPackages } from "./setup.mjs";
import { run } from "./system.mjs";

/** Programs by their files in node_modules, which are the same on every system. The first builds dist/ for the others. */
const CHECKS = [
  { name: "types of the package", check: buildPackage },
  {
    name: "types of tests, examples, bench",
    check: program("typescript/bin/tsc", "-p", "tsconfig.all.json", "--noEmit"),
  },
  { name: "biome", check: program("@biomejs/biome/bin/biome", "ci", "--error-on-warnings", "--colors=off") },
  { name: "publint", check: program("publint/src/cli.js", "--strict") },
  {
    name: "attw",
    check: program("@arethetypeswrong/cli/dist/index.js", "--pack", ".", "--profile", "esm-only"),
  },
  { name: "knip", check: program("knip/bin/knip.js") },
];

command(async () => {
  setUpPackages();
  let failed = 0;
  for (const each of CHECKS) if (!(await passes(each))) failed++;
  return failed === 0 ? 0 : 1;
});

/** Runs one check and prints its line, with details only if it fails. */
async function passes({ name, check }) {
  const start = performance.now();
  let problem = "";
  try {
    await check();
  } catch (error) {
    problem = error.message.trimEnd();
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${problem === "" ? "ok" : "FAILED"}  ${name}  ${seconds} s`);
  if (problem !== "") console.log(problem.replaceAll(/^/gm, "    "));
  return problem === "";
}

function program(file, ...args) {
  return () => run(process.execPath, [join(ROOT, "node_modules", file), ...args], { cwd: ROOT });
}
