import { fork } from "node:child_process";
import { basename, delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { engine } from "../ffi/index.js";
import { type Candidate, discover } from "../mpi/library/discover.js";
import { detectLaunch, type Launch, withoutLaunch } from "../mpi/library/launcher.js";
import { findLauncher } from "../mpi/library/mpiexec.js";
import { packageModules, packageVersion } from "../package.js";
import type { Depth, Findings } from "./probe.js";

export const usage: string = `Usage: typed-mpi info [--json]

Shows which MPI libraries were found where, which one is used here and why, their
ABI, versions, thread level and launcher, the launcher that started this process
and the FFI engine.

Options:
  --json   the same for programs
`;

/** One library that was found. What it does not tell, because it crashed or hung, is missing. */
interface FoundLibrary extends Findings {
  readonly path: string;
  /** The names that lead to it, each with the reason to look there. */
  readonly foundAs: readonly { readonly name: string; readonly origin: string }[];
  readonly chosen: boolean;
  readonly launcher: { readonly path: string; readonly version: string } | null;
}

/** What `typed-mpi info --json` prints. */
export interface Info {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly ffi: { readonly engine: string; readonly version: string };
  /** The launcher that started this process. */
  readonly launch: Launch | null;
  readonly chosen: { readonly path: string; readonly reason: string } | null;
  /** Why no library can be used here. */
  readonly error: { readonly code: string | undefined; readonly message: string } | null;
  readonly libraries: readonly FoundLibrary[];
}

/** Prints what is known about the MPI libraries of this host. @returns 1 if none can be used, else 0 */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const info = await gather();
  process.stdout.write(values.json ? `${JSON.stringify(info, undefined, 2)}\n` : describe(info));
  return info.error === null ? 0 : 1;
}

async function gather(): Promise<Info> {
  const { name, version: engineVersion } = engine();
  const launch = detectLaunch();
  const choosing = probe("open", process.env);
  const [chosen, found] = await Promise.all([choosing, findAll(choosing)]);
  return {
    version: packageVersion(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    ffi: { engine: name, version: engineVersion },
    launch: launch ?? null,
    chosen: chosen.path ? { path: chosen.path, reason: chosen.reason as string } : null,
    error: chosen.error ?? null,
    libraries: found,
  };
}

/** Every library on this host, each asked in a process of its own, all at once. */
async function findAll(choosing: Promise<Findings>): Promise<FoundLibrary[]> {
  const candidates = discover(withoutChoice(process.env)).concat(
    process.env["TYPED_MPI_LIB"] ? discover(process.env) : [],
  );
  const names = new Map<string, FoundLibrary["foundAs"][number][]>();
  const add = (path: string, name: string, origin: string): void => {
    const known = names.get(path) ?? [];
    if (!known.some((other) => other.name === name)) names.set(path, [...known, { name, origin }]);
  };
  for (const { path, name, origin } of candidates) if (path && name) add(path, name, origin);
  for (const path of await askLoader(candidates)) {
    if (!names.has(path)) add(path, basename(path), "known to the loader");
  }
  const { path: chosen, reason } = await choosing;
  if (chosen && !names.has(chosen)) add(chosen, chosen, reason as string);
  return Promise.all(
    [...names].map(async ([path, foundAs]) => {
      const findings = await probe("initialize", { ...withoutLaunch(process.env), TYPED_MPI_LIB: path });
      const { reason: _, ...rest } = findings;
      const launcher = findings.family && findLauncher(path, findings.family);
      return {
        ...rest,
        path,
        foundAs,
        chosen: path === chosen,
        launcher: launcher ? { path: launcher.path, version: launcher.version } : null,
      };
    }),
  );
}

/** The environment in which the search is the system's own. */
function withoutChoice(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { TYPED_MPI_LIB: _, ...rest } = env;
  return rest;
}

/** The libraries that only the loader knows, of each family the first. */
async function askLoader(candidates: readonly Candidate[]): Promise<string[]> {
  const files = new Set(candidates.flatMap(({ name, path }) => (name && path ? [basename(name)] : [])));
  const unknown = candidates.filter(
    ({ name, path, missing }) => name && !path && !missing && !files.has(name),
  );
  const families = [...new Set(unknown.map(({ family }) => family))];
  const answers = await Promise.all(
    families.map((family) => {
      const names = unknown.filter((candidate) => candidate.family === family).map(({ name }) => name);
      return probe("open", { ...withoutLaunch(process.env), TYPED_MPI_LIB: names.join(delimiter) });
    }),
  );
  return answers.flatMap(({ path }) => (path ? [path] : []));
}

const PROBE = join(packageModules, "cli/probe.js");

/**
 * MPI_Init of a lone process takes a second at most; where it waits for a daemon that is not there, for ever.
 */
const PROBE_SECONDS = 20;

/** What a process of its own finds out in this environment, until it ends or its time is over. */
function probe(depth: Depth, env: NodeJS.ProcessEnv): Promise<Findings> {
  return new Promise((resolve) => {
    const child = fork(PROBE, [depth], { env, silent: true, execArgv: [] });
    let findings: Findings = {};
    let stderr = "";
    let late = false;
    child.on("message", (message: Findings) => {
      findings = { ...findings, ...message };
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdout?.resume();
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, PROBE_SECONDS * 1000);
    const finish = (problem: string): void => {
      clearTimeout(timer);
      const answered = findings.error || (depth === "open" ? findings.path : findings.threadLevel);
      resolve(answered ? findings : { ...findings, error: { code: "ERR_MPI_PROBE", message: problem } });
    };
    child.on("error", (error) => finish(error.message));
    child.on("close", (code, signal) => {
      const end = late
        ? `gave no answer within ${PROBE_SECONDS} s`
        : `ended with ${signal ?? `exit code ${code}`}`;
      finish(`The process that asked the library ${end}. ${stderr.trim()}`.trim());
    });
  });
}

function describe({ version, node, platform, ffi, launch, error, libraries, chosen }: Info): string {
  const started = launch === null ? "no launcher" : `${launch.name} (${launch.mark})`;
  const rank = launch?.rank === undefined ? "" : `, rank ${launch.rank} of ${launch.size ?? "?"}`;
  const lines = [
    `typed-mpi ${version}, Node ${node}, ${platform}`,
    `FFI engine    ${ffi.engine} ${ffi.version}`,
    `Started by    ${started}${rank}`,
  ];
  for (const found of libraries) lines.push("", ...describeLibrary(found, chosen?.reason));
  if (error !== null) lines.push("", error.message);
  return `${lines.join("\n")}\n`;
}

function describeLibrary(found: FoundLibrary, reason: string | undefined): string[] {
  const title = found.vendor === undefined ? "unknown MPI" : `${found.vendor} ${found.version}`;
  const [first, ...others] = found.foundAs.map(({ name, origin }) => `${name} (${origin})`);
  const row = (label: string, value: string): string => `    ${label.padEnd(14)}${value}`;
  return [
    found.chosen ? `* ${title}, chosen: ${reason}` : `  ${title}`,
    row("library", found.path),
    row("found as", first ?? found.path),
    ...others.map((other) => row("", other)),
    row("ABI", found.abi ?? "unknown"),
    row("standard", found.standard === undefined ? "unknown" : `MPI ${found.standard}`),
    row("thread level", found.threadLevel ?? "unknown"),
    row("launcher", found.launcher === null ? "none" : `${found.launcher.path} (${found.launcher.version})`),
    ...(found.error === undefined ? [] : [row("problem", found.error.message)]),
  ];
}
