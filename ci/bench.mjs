// npm run bench [-- OPTIONS]: the benchmark against the peers, set-up and build included. OPTIONS go to bench/main.ts.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { buildAll } from "./build.mjs";
import { setUpPeers } from "./peers.mjs";
import { command, ROOT, setUpMpis, setUpPackages } from "./setup.mjs";

command(async () => {
  setUpPackages();
  const mpis = setUpMpis();
  setUpPeers(mpis);
  await buildAll();
  const main = join(ROOT, "build/bench/main.js");
  const env = Object.assign({}, process.env, ...mpis.map((mpi) => mpi.env));
  const child = spawn(process.execPath, ["--enable-source-maps", main, ...process.argv.slice(2)], {
    stdio: "inherit",
    env,
  });
  return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
});
