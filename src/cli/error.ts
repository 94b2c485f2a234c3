/** What the user of the command must change: printed without a stack. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  readonly code: "ERR_USAGE" | "ERR_PROGRAM_NOT_FOUND" | "ERR_LAUNCHER_NOT_FOUND" | "ERR_NODE_VERSION";
  /**
   * The exit code of the command, as shells have it: 2 for bad usage, 127 for a program that is not there.
   */
  readonly exitCode: number;

  constructor(code: CommandError["code"], message: string) {
    super(message);
    this.code = code;
    this.exitCode = code === "ERR_USAGE" ? 2 : code === "ERR_PROGRAM_NOT_FOUND" ? 127 : 1;
  }
}

/** The error of a command line that cannot be understood. */
export const usageError = (message: string): CommandError => new CommandError("ERR_USAGE", message);
