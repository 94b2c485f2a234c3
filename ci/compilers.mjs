// The compilers that the tests of the jit floor need: from the system's package manager.

import { spawnSync } from "node:child_process";
import { install, installCommand, packageManager, StepError, say } from "./system.mjs";

/** What must run, and by what packages it comes. tcc is for Linux only. */
const COMPILERS = {
  "c++": { "apt-get": ["g++", "libc6-dev"], dnf: ["gcc-c++"], brew: [] },
  "clang++": { "apt-get": ["clang"], dnf: ["clang"], brew: [] },
  ...(process.platform === "linux" ? { tcc: { "apt-get": ["tcc"], dnf: ["tcc"] } } : {}),
};

/**
 * Installs the compilers that are missing, where that is possible and permitted.
 * @param {string[]} names of COMPILERS. Default: all of them.
 * @throws {StepError} on CI, if one is still missing; elsewhere it is said, and what needs it fails
 */
export function setUpCompilers(names = Object.keys(COMPILERS)) {
  const missing = () => names.filter((name) => !runs(name));
  if (process.platform === "win32" || missing().length === 0) return;
  const manager = packageManager();
  const packages =
    manager === undefined ? [] : missing().flatMap((name) => COMPILERS[name][manager.command] ?? []);
  if (packages.length > 0) install(manager, packages);
  const absent = missing();
  if (absent.length === 0) return;
  const remedy =
    packages.length > 0 ? installCommand(manager, packages) : "install them and put them on the PATH";
  const lack = `${absent.join(" and ")} not found; to have it: ${remedy}`;
  if (process.env.CI) throw new StepError(lack);
  say(lack);
}

const runs = (compiler) =>
  spawnSync(compiler, [compiler === "tcc" ? "-v" : "--version"], { stdio: "ignore" }).status === 0;
