// Runs one program to its end or to its time limit, with all the processes it started.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Output is kept from its end, so that a rank that prints forever does not fill the memory. */
const OUTPUT_KEPT = 256 * 1024;

/** How long a job that was asked to end may take, before it is killed. */
const GRACE = 2000;

const running = new Set();

/**
 * @typedef {object} Ended
 * @property {number | null} code exit code; null if a signal ended it
 * @property {string | null} signal
 * @property {boolean} timedOut
 * @property {number} limit seconds it was given
 * @property {string} output stdout and stderr, as they came
 * @property {number} seconds seconds it took
 */

/**
 * Runs a command in a process group of its own, without stdin, and ends all of it at the time limit.
 *
 * @param {string[]} command
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, limit: number }} options limit in seconds
 * @returns {Promise<Ended>}
 */
export function runJob([program, ...args], { env = process.env, cwd, limit }) {
  const start = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let timedOut = false;
    const keep = (text) => {
      output = (output + text).slice(-OUTPUT_KEPT);
    };
    const end = (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code, signal, timedOut, limit, output, seconds: (performance.now() - start) / 1000 });
    };
    const timer = setTimeout(() => {
      timedOut = true;
      stop(child);
    }, limit * 1000);
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", keep);
    child.once("error", (error) => {
      keep(error.message);
      end(null, null);
    });
    child.once("exit", (code, signal) => {
      // A process that the job left behind may hold the pipes open: do not wait for them for ever.
      const late = setTimeout(() => child.stdout.destroy() && child.stderr.destroy(), GRACE);
      child.once("close", () => {
        clearTimeout(late);
        end(code, signal);
      });
    });
  });
}

/** Ends what is running when this process ends: the jobs' own groups hear nothing of Ctrl-C, or of our failure. */
export function stopJobsWithUs() {
  for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 })) {
    process.once(signal, async () => {
      await Promise.all([...running].map(stop));
      process.exit(128 + number);
    });
  }
  process.once("exit", () => {
    for (const { pid } of running) kill([-pid, ...descendants(pid)]);
  });
}

/**
 * Asks the group to end, so that the launcher can end its ranks, then kills what is left. Launchers put ranks
 * into groups of their own: the processes are collected by parentage while their parents are still there.
 */
async function stop({ pid }) {
  const family = descendants(pid);
  send(-pid, "SIGTERM");
  const deadline = performance.now() + GRACE;
  while (performance.now() < deadline && family.some((member) => send(member, 0))) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  kill([-pid, ...family]);
}

/** Windows has neither groups nor signals: its own command ends a process with what it started. */
function kill(pids) {
  if (process.platform !== "win32") for (const pid of pids) send(pid, "SIGKILL");
  else for (const pid of pids) spawnSync("taskkill", ["/T", "/F", "/PID", String(pid)], { stdio: "ignore" });
}

/** Sends a signal; whether there was somebody to receive it. */
function send(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** The process itself, its children, their children, ...; on Windows whoever ends it finds them. */
function descendants(root) {
  if (process.platform === "win32") return [root];
  const parents = parentOfEach();
  const family = [root];
  for (const ancestor of family) {
    for (const [pid, parent] of parents) if (parent === ancestor) family.push(pid);
  }
  return family;
}

/** Pairs of a process and its parent, from /proc (slim images have no `ps`), else from `ps`. */
function parentOfEach() {
  if (process.platform !== "linux") {
    const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
    return lines.map((line) => line.trim().split(/\s+/).map(Number));
  }
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => [Number(pid), parentOf(pid)]);
}

function parentOf(pid) {
  try {
    // "pid (name) state parent ...": the name may hold spaces and parentheses.
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ")[1]);
  } catch {
    return 0;
  }
}
