// The system's package manager: which one it is, whether we may use it, and what a person would type.

import { execFileSync, spawnSync } from "node:child_process";

/** A step that failed. Its message is for the user and says what to do, so no stack is shown with it. */
export class StepError extends Error {
  name = "StepError";
}

/**
 * @typedef {object} PackageManager
 * @property {string} command
 * @property {boolean} root          whether only root may install
 * @property {string[]} [refresh]    arguments that fetch the lists; a fresh machine's are empty or stale
 * @property {string[]} install      arguments before the packages
 * @property {Record<string, string>} [env]
 * @type {PackageManager[]}
 */
const MANAGERS = [
  {
    command: "apt-get",
    root: true,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    refresh: ["-q", "-o", "Acquire::Retries=3", "update"],
    // Another apt may hold the lock: new machines often update themselves first.
    install: [
      "-q",
      "-y",
      "-o",
      "Acquire::Retries=3",
      "-o",
      "DPkg::Lock::Timeout=300",
      "--no-install-recommends",
      "install",
    ],
  },
  { command: "dnf", root: true, install: ["-q", "-y", "install"] },
  { command: "brew", root: false, install: ["install"] },
];

/** The package manager of this machine. @returns {PackageManager | undefined} */
export const packageManager = () => MANAGERS.find(({ command }) => succeeds(command, ["--version"]));

/** What a person would type to install these packages. */
export function installCommand({ command, root, refresh }, packages) {
  const sudo = root && !isRoot() ? "sudo " : "";
  const first = refresh === undefined ? "" : `${sudo}${command} update && `;
  return `${first}${sudo}${command} install ${packages.join(" ")}`;
}

/**
 * Installs packages, if we are root, need not be, or may become it without a password. A failure is shown, not
 * thrown: what it means is for the caller to tell from what is there afterwards.
 *
 * @param {PackageManager} manager
 */
export function install(manager, packages) {
  const prefix = rights(manager);
  if (prefix === null || packages.length === 0) return;
  const [program, ...args] = [...prefix, manager.command];
  const env = { ...process.env, ...manager.env };
  say(`${installCommand(manager, packages)} (a few minutes)`);
  // The old lists may still do: a failed refresh shows in the installation, if it matters.
  if (manager.refresh !== undefined)
    spawnSync(program, [...args, ...manager.refresh], { env, stdio: "ignore" });
  try {
    run(program, [...args, ...manager.install, ...packages], { env });
  } catch (error) {
    console.log(error.message);
  }
}

/** Runs a command whose output is shown only if it fails. @throws {StepError} */
export function run(program, args, options = {}) {
  try {
    execFileSync(program, args, { stdio: ["ignore", "pipe", "pipe"], maxBuffer: 2 ** 28, ...options });
  } catch (error) {
    const output = `${error.stdout ?? ""}${error.stderr ?? ""}`.trimEnd();
    throw new StepError(`${output}\n${program} ${args.join(" ")}: failed (${error.status ?? error.code})`);
  }
}

/** One line of progress. */
export const say = (text) => console.log(`set-up: ${text}`);

/** What to put before the command; null if installing is not permitted. */
function rights({ root, env = {} }) {
  if (!root || isRoot()) return [];
  if (!succeeds("sudo", ["-n", "true"])) return null;
  // sudo drops the environment, so the variables have to be arguments of its own.
  return ["sudo", "-n", ...Object.entries(env).map(([key, value]) => `${key}=${value}`)];
}

const isRoot = () => process.getuid?.() === 0;

const succeeds = (program, args) => spawnSync(program, args, { stdio: "ignore" }).status === 0;
