import { parseArgs } from "node:util";
import { packageVersion } from "../package.js";
import { CommandError, usageError } from "./error.js";

/** One subcommand. */
interface Command {
  readonly usage: string;
  /** @returns the exit code */
  run(args: string[]): Promise<number>;
}

/** Loaded when used: `--version` need not load an FFI engine. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  cache: async () => await import("./cache.js"),
  info: async () => await import("./info.js"),
  run: async () => await import("./run.js"),
};

const USAGE = `Usage: typed-mpi COMMAND [options]

Commands:
  cache  what was compiled at run time: show it, clean it
  info   which MPI libraries are installed, which one is used and why
  run    run a program as the processes of an MPI job

  typed-mpi help COMMAND   what the command takes
  typed-mpi --version
`;

async function main(args: string[]): Promise<number> {
  const [word = "", ...rest] = args;
  if (Object.hasOwn(COMMANDS, word)) {
    const command = await (COMMANDS[word] as () => Promise<Command>)();
    return command.run(rest);
  }
  if (word === "help" || word === "") return help(rest[0], word === "" ? 2 : 0);
  if (!word.startsWith("-")) throw usageError(`unknown command "${word}"\n\n${USAGE}`);
  const { values } = parseArgs({
    args,
    options: { version: { type: "boolean", short: "v" }, help: { type: "boolean", short: "h" } },
  });
  if (!values.version) return help(undefined, 0);
  process.stdout.write(`${packageVersion()}\n`);
  return 0;
}

async function help(topic: string | undefined, exitCode: number): Promise<number> {
  if (topic !== undefined && !Object.hasOwn(COMMANDS, topic)) {
    throw usageError(`unknown command "${topic}"\n\n${USAGE}`);
  }
  const text = topic === undefined ? USAGE : (await (COMMANDS[topic] as () => Promise<Command>)()).usage;
  (exitCode === 0 ? process.stdout : process.stderr).write(text);
  return exitCode;
}

const isParseError = (error: Error): boolean =>
  String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");

main(process.argv.slice(2)).then(
  (code) => {
    // Not process.exit(): what is written to a pipe may still be on its way.
    process.exitCode = code;
  },
  (error: Error) => {
    process.stderr.write(`typed-mpi: ${error.message.trimEnd()}\n`);
    process.exitCode = error instanceof CommandError ? error.exitCode : isParseError(error) ? 2 : 1;
  },
);
