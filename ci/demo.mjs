// npm run demo [-- OPTIONS]: the 2-D heat equation on 4 ranks, and then an integral by C++ that is generated at run
// time, with an empty cache and again; set-up and build included. OPTIONS go to the first program.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildAll } from "./build.mjs";
import { setUpCompilers } from "./compilers.mjs";
import { launchCommand } from "./mpis.mjs";
import { command, ROOT, setUpMpis, setUpPackages } from "./setup.mjs";

const RANKS = 4;

command(async () => {
  setUpPackages();
  const [mpi] = setUpMpis();
  setUpCompilers(["c++"]);
  await buildAll();
  const cache = mkdtempSync(join(tmpdir(), "typed-mpi-demo-"));
  process.once("exit", () => rmSync(cache, { recursive: true, force: true }));
  const where = `on ${RANKS} ranks of ${mpi.name} ${mpi.version}`;
  for (const [title, program, ...options] of [
    [`heat2d ${where}`, "heat2d", ...process.argv.slice(2)],
    [`\nquadrature by generated C++ ${where}, with an empty cache`, "quadrature"],
    ["\nand again", "quadrature"],
  ]) {
    console.log(title);
    const code = await run(mpi, program, options, { TYPED_MPI_CACHE_DIR: cache });
    if (code !== 0) return code;
  }
  return 0;
});

/** Runs one program of examples/ as a job. @returns its exit code */
function run(mpi, name, options, env) {
  const path = join(ROOT, `build/examples/${name}.js`);
  const [program, ...args] = launchCommand(mpi, RANKS, [
    process.execPath,
    "--enable-source-maps",
    path,
    ...options,
  ]);
  const child = spawn(program, args, {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...mpi.env, ...env },
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
