import { inspect } from "node:util";
import { invalidType, invalidValue } from "../argument-error.js";

/* What the cache has to say while it works: to standard error, or to a handler of the program's own. */

/** How much is said: this level and all the more serious ones; `"silent"` is nothing. */
export type LogLevel = "debug" | "info" | "warning" | "error" | "silent";

/** The level of one message. */
export type MessageLevel = Exclude<LogLevel, "silent">;

/** Takes the messages whose level is let through, in place of standard error. */
export type LogHandler = (level: MessageLevel, message: string) => void;

/** A text, or what makes it if it is wanted. */
export type LogMessage = string | (() => string);

/** Says things of different seriousness. */
export interface Logger {
  readonly debug: (message: LogMessage) => void;
  readonly info: (message: LogMessage) => void;
  readonly warning: (message: LogMessage) => void;
  readonly error: (message: LogMessage) => void;
}

const levels: readonly LogLevel[] = ["debug", "info", "warning", "error", "silent"];
const expected = levels.map((level) => `"${level}"`).join(", ");

const toStderr: LogHandler = (level, message) =>
  void process.stderr.write(`typed-mpi: ${level}: ${message}\n`);

let handler: LogHandler = toStderr;
/** Index into `levels`; undefined until the environment has been read. */
let threshold: number | undefined;

const indexOfLevel = (level: string): number => levels.indexOf(level.toLowerCase() as LogLevel);

/** A wrong variable is no reason to stop a program: it is told, and nothing else happens. */
function thresholdOfEnvironment(): number {
  const level = process.env["TYPED_MPI_LOG"];
  if (level === undefined || level === "") return indexOfLevel("warning");
  const index = indexOfLevel(level);
  if (index >= 0) return index;
  handler("warning", `TYPED_MPI_LOG is none of ${expected}: ${inspect(level)}; "warning" is used`);
  return indexOfLevel("warning");
}

function say(level: MessageLevel, message: LogMessage): void {
  threshold ??= thresholdOfEnvironment();
  if (levels.indexOf(level) < threshold) return;
  handler(level, typeof message === "string" ? message : message());
}

/** What helps to find out why something was built again. */
export const debug = (message: LogMessage): void => say("debug", message);

/** What is done and takes time. */
export const info = (message: LogMessage): void => say("info", message);

/** What is wrong but was worked around. */
export const warning = (message: LogMessage): void => say("warning", message);

/** What could not be worked around, and is not thrown. */
export const error = (message: LogMessage): void => say("error", message);

/** The logger of the cache. Messages made by functions are not made unless they are wanted. */
export const log: Logger = { debug, info, warning, error };

/** The logger of the cache: programs may say their own things with it. */
export const getLogger = (): Logger => log;

/**
 * Sets how much is said, over `$TYPED_MPI_LOG`.
 *
 * @param level `"debug"`, `"info"`, `"warning"` (the default), `"error"` or `"silent"`; capitals do not matter.
 * @throws TypeError if it is none of these.
 */
export function setLogLevel(level: LogLevel | Uppercase<LogLevel>): void {
  if (typeof level !== "string") throw invalidType("level", `one of ${expected}`, level);
  const index = indexOfLevel(level);
  if (index < 0) throw invalidValue("level", `expected one of ${expected}`, level);
  threshold = index;
}

/**
 * Sends the messages elsewhere.
 *
 * @param given Called with the level and the text of each message that the level lets through. Left out: lines
 *   `typed-mpi: level: message` on standard error again.
 * @returns The handler until now, so that it can be put back.
 * @throws TypeError if it is no function.
 */
export function setLogHandler(given: LogHandler = toStderr): LogHandler {
  if (typeof given !== "function") throw invalidType("handler", "a function", given);
  const before = handler;
  handler = given;
  return before;
}
