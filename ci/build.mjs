// Compiles the package into dist/, and it with its tests, examples and benchmarks into build/.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { command, ROOT, setUpPackages } from "./setup.mjs";
import { run } from "./system.mjs";

const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

/** What is imported, and what is started, by its path; all else is in chunks that these share. */
const IMPORTED = ["mpi/index", "jit/index", "njit/index"];
const STARTED = ["cli/main", "cli/probe"];

/** The floors that become a chunk each; calls from one to the other take longer than within. */
const CHUNKS = [
  { name: "ffi", test: /[\\/]src[\\/](?:ffi[\\/]|mpi[\\/]constants\.ts|[^\\/]+$)/, priority: 2 },
  { name: "mpi", test: /[\\/]src[\\/]mpi[\\/]/, priority: 1 },
  { name: "jit", test: /[\\/]src[\\/]jit[\\/]/, priority: 1 },
];

/**
 * The package alone, as it is published: declarations per module, for editors to follow, and the code as a few files
 * instead of more than two hundred. To find and link so many takes three times as long, and on the file systems of a
 * cluster, where each rank opens each of them, it takes minutes. They are loaded by src/loader.ts. Small libraries,
 * the development dependencies that the sources import, are taken in with their licences.
 */
export async function buildPackage() {
  const dist = join(ROOT, "dist");
  rmSync(dist, { recursive: true, force: true });
  compile("tsconfig.json", "--emitDeclarationOnly");
  // Installed by the caller, so not there when this file is loaded.
  const { build } = await import("rolldown");
  const { version, dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(ROOT, "package.json"), "utf8"),
  );
  const bundle = (names, external, output) =>
    build({
      cwd: ROOT,
      input: Object.fromEntries(names.map((name) => [name, `src/${name}.ts`])),
      external,
      platform: "node",
      transform: { target: "node20.19", define: { TYPED_MPI_VERSION: JSON.stringify(version) } },
      // Declarations and source maps have the comments.
      output: { dir: "dist", sourcemap: true, comments: { jsdoc: false }, ...output },
      treeshake: { moduleSideEffects: (id) => id.endsWith("preload.ts") },
      logLevel: "warn",
    });
  // Its namespace `mpi` must be a module's own: one that a bundler makes up costs a look-up at each call.
  await bundle(["index", "loader"], /^\.\/mpi\//, { format: "esm" });
  const { output } = await bundle(
    [...IMPORTED, ...STARTED],
    Object.keys({ ...dependencies, ...optionalDependencies }),
    {
      format: "cjs",
      entryFileNames: "[name].cjs",
      // Chunks lie where src/package.ts does in the sources: it asks for its own folder.
      chunkFileNames: "[name].cjs",
      codeSplitting: { groups: CHUNKS },
    },
  );
  for (const { fileName } of output.filter(({ type }) => type === "chunk")) toAscii(join(dist, fileName));
  const exportsOf = (name) => output.find(({ fileName }) => fileName === `${name}.cjs`).exports;
  for (const name of IMPORTED) {
    writeFileSync(
      join(dist, `${name}.js`),
      moduleOf(name, `export const { ${exportsOf(name).join(", ")} } = `),
    );
  }
  for (const name of STARTED)
    writeFileSync(join(dist, `${name}.js`), `#!/usr/bin/env node\n${moduleOf(name, "")}`);
  writeFileSync(join(dist, "LICENSES"), licencesOf(output.flatMap(({ moduleIds }) => moduleIds ?? [])));
}

/** V8 keeps a text with a single other character in twice the memory, and reads it in twice the time. */
function toAscii(path) {
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  writeFileSync(path, readFileSync(path, "utf8").replace(/[^\0-\x7f]/g, escaped));
}

const moduleOf = (name, exporting) =>
  `import { load } from "../loader.js";\n${exporting}load("${name}.cjs");\n`;

/** The licences of the packages that these files of a bundle come from. */
function licencesOf(files) {
  const packages = new Set(
    files.flatMap((file) => file.match(/(?<=\/node_modules\/)(?:@[^/]+\/)?[^/]+/) ?? []),
  );
  const texts = [...packages].sort().map((name) => {
    const folder = join(ROOT, "node_modules", name);
    const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
    return `${name}\n\n${readFileSync(join(folder, licence), "utf8")}`;
  });
  return texts.join("\n\n");
}

/** Everything. The package comes first: the examples import it by its name, so by what dist/ says. */
export async function buildAll() {
  await buildPackage();
  compile("tsconfig.all.json");
  prune(join(ROOT, "build"), ROOT);
}

/** @throws {StepError} with the compiler's messages */
const compile = (project, ...options) =>
  run(process.execPath, [TSC, "-p", project, ...options], { cwd: ROOT });

/** Removes output whose source is gone: a deleted test must not run. */
function prune(output, source) {
  for (const entry of readdirSync(output, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const origin = path.replace(output, source).replace(/\.js(\.map)?$/, ".ts");
    if (!existsSync(origin)) rmSync(path);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  command(async () => {
    setUpPackages();
    await buildPackage();
  });
}
