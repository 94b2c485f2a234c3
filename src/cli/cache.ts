import { setLogLevel } from "../jit/log.js";
import { validateParams } from "../jit/params.js";
import { type CacheCommand, DRY_RUN, parseOptions, type Values } from "./cache/command.js";
import { clean, gc } from "./cache/remove.js";
import { checkout, grep, grepfunction } from "./cache/search.js";
import { config, path, version } from "./cache/settings.js";
import { show, stats } from "./cache/show.js";
import { verify } from "./cache/verify.js";
import { CommandError, usageError } from "./error.js";

/** dijitso's commands, then those that it has not. */
const COMMANDS: Readonly<Record<string, CacheCommand>> = {
  version,
  config,
  show,
  clean,
  grep,
  grepfunction,
  checkout,
  verify,
  stats,
  gc,
  path,
};

const COMMON_HELP = `Options of every command:
  --cache-dir, -r DIR    the cache; default $TYPED_MPI_CACHE_DIR, else as configured
  --json                 the same for programs
  --verbose, -v          tell what is done
`;

export const usage: string = `Usage: typed-mpi cache COMMAND [options]

Shows and cleans the cache of libraries that were compiled at run time.

Commands:
${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(14)}${summary}\n`)
  .join("")}
${COMMON_HELP}
  typed-mpi cache COMMAND --help   what the command takes

Exit codes: 0 done, 1 not found, damaged or failed, 2 the command line is wrong.

Examples:
  typed-mpi cache show --signatures
  typed-mpi cache clean --dry-run
  typed-mpi cache -r /scratch/cache verify
`;

const usageOf = (name: string, { summary, details }: CacheCommand): string =>
  `Usage: typed-mpi cache ${name} [options]

${summary[0]?.toUpperCase()}${summary.slice(1)}.

${details === "" ? "" : `${details}\n`}${COMMON_HELP}`;

/** Does what `typed-mpi cache` is asked for. @returns the exit code @throws CommandError `ERR_USAGE`, JitError */
export async function run(args: string[]): Promise<number> {
  const position = commandPosition(args);
  const name = args[position];
  if (name === undefined || name === "help") return help(args, args[position + 1]);
  const command = commandOf(name);
  const commandUsage = usageOf(name, command);
  const values = parseOptions(args.toSpliced(position, 1), command.options, commandUsage);
  if (values["help"]) {
    process.stdout.write(commandUsage);
    return 0;
  }
  if (values["verbose"]) setLogLevel("debug");
  return perform(command, values, commandUsage);
}

function commandOf(name: string): CacheCommand {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw usageError(`unknown command "${name}"\n\n${usage}`);
  return command;
}

/** Options may stand before the command, as dijitso has it, or after it. */
function commandPosition(args: readonly string[]): number {
  const withValue = ["--cache-dir", "-r"];
  let position = 0;
  while (args[position]?.startsWith("-")) position += withValue.includes(args[position] as string) ? 2 : 1;
  return position;
}

function help(args: readonly string[], topic: string | undefined): number {
  const isAsked = args.includes("help");
  if (isAsked && topic !== undefined) {
    process.stdout.write(usageOf(topic, commandOf(topic)));
    return 0;
  }
  const values = isAsked ? { help: true } : parseOptions(args, DRY_RUN, usage);
  (values["help"] ? process.stdout : process.stderr).write(usage);
  return values["help"] ? 0 : 2;
}

function perform(command: CacheCommand, values: Values, commandUsage: string): number {
  const cacheDir = values["cache-dir"];
  const params = validateParams(typeof cacheDir === "string" ? { cache: { cacheDir } } : {});
  try {
    const { exitCode, data, lines, problem } = command.run(values, params);
    const output = values["json"] ? JSON.stringify(data, undefined, 2) : lines.join("\n");
    if (output !== "") process.stdout.write(`${output}\n`);
    if (problem !== undefined) process.stderr.write(`typed-mpi: ${problem}\n`);
    return exitCode;
  } catch (error) {
    if (error instanceof CommandError) throw usageError(`${error.message}\n\n${commandUsage}`);
    throw error;
  }
}
