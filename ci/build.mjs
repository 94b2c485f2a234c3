// Compiles the package into dist/, and it with its tests, examples and benchmarks into build/.

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { command, ROOT, setUpPackages } from "./setup.mjs";
import { run } from "./system.mjs";

const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

/** The package alone, as it is published. */
export function buildPackage() {
  compile("tsconfig.json");
  prune(join(ROOT, "dist"), join(ROOT, "src"));
}

/** Everything. The package comes first: the examples import it by its name, so by what dist/ says. */
export function buildAll() {
  buildPackage();
  compile("tsconfig.all.json");
  prune(join(ROOT, "build"), ROOT);
}

/** @throws {StepError} with the compiler's messages */
const compile = (project) => run(process.execPath, [TSC, "-p", project], { cwd: ROOT });

/** Removes output whose source is gone: a deleted test must not run, a deleted module must not be published. */
function prune(output, source) {
  for (const entry of readdirSync(output, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const origin = path.replace(output, source).replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
    if (!existsSync(origin)) rmSync(path);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  command(() => {
    setUpPackages();
    buildPackage();
  });
}
