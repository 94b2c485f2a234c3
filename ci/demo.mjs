// npm run demo [-- OPTIONS]: the 2-D heat equation on 4 ranks, set-up and build included. OPTIONS go to the program.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { buildAll } from "./build.mjs";
import { launchCommand } from "./mpis.mjs";
import { command, ROOT, setUpMpis, setUpPackages } from "./setup.mjs";

const RANKS = 4;

command(() => {
  setUpPackages();
  const [mpi] = setUpMpis();
  buildAll();
  console.log(`heat2d on ${RANKS} ranks of ${mpi.name} ${mpi.version}`);
  const demo = [process.execPath, "--enable-source-maps", join(ROOT, "build/examples/heat2d.js")];
  const [program, ...args] = launchCommand(mpi, RANKS, [...demo, ...process.argv.slice(2)]);
  const child = spawn(program, args, {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...mpi.env },
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
});
