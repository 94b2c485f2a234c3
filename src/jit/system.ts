import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { constants, tmpdir } from "node:os";
import { basename, isAbsolute, join, resolve } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { invalidValue } from "../argument-error.js";
import { JitError } from "./error.js";
import { log } from "./log.js";

/*
 * dijitso's names over node:fs and node:zlib. What a file system refuses is thrown as Node's own error, with
 * its `code`. Nothing is ever written in place: readers see the old file or the new one, never a part.
 */

/** The stable code of what node:fs threw. */
const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

/** A name that nobody else uses, in the directory of `filename`, from where a rename is atomic. */
const temporaryName = (filename: string): string =>
  `${filename}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`;

/** Lets `write` fill a temporary file, then publishes it; removes it if anything fails. */
function replaceAtomically(filename: string, write: (temporary: string) => void): void {
  const temporary = temporaryName(filename);
  try {
    write(temporary);
    renameSync(temporary, filename);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Creates a directory and those above it. It is no error if it exists.
 * @param path Relative to the current directory, or absolute.
 * @param mode Of the directories that are made, less the umask. Default 0o755: in a cache that others can write to
 *   nothing is ever loaded, whatever the umask.
 * @throws Node's `EEXIST` if it is a file, `EACCES`, ...
 */
export function makeDirs(path: string, mode: number = 0o755): void {
  mkdirSync(path, { recursive: true, mode });
}

/**
 * Renames a file; what is at the destination is replaced. Where the system cannot do that, nothing happens.
 * @throws Node's error if the source does not exist, or is on another file system.
 */
export function renameFile(source: string, destination: string): void {
  try {
    renameSync(source, destination);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

/**
 * Renames a file if it is there.
 * @returns whether it was renamed: false if the source does not exist, or the destination cannot be replaced
 * @throws Node's error for any other reason, also if the destination's directory does not exist.
 */
export function tryRenameFile(source: string, destination: string): boolean {
  try {
    renameSync(source, destination);
    return true;
  } catch (error) {
    const missing = codeOf(error) === "ENOENT" && !existsSync(source);
    if (missing || codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/**
 * Copies a file with its mode. The copy appears at once and whole.
 * @param destination The new file, or a directory for a file of the same name.
 * @returns whether it was copied; no error is thrown
 */
export function tryCopyFile(source: string, destination: string): boolean {
  try {
    const directory = statSync(destination, { throwIfNoEntry: false })?.isDirectory() === true;
    const target = directory ? join(destination, basename(source)) : destination;
    replaceAtomically(target, (temporary) => copyFileSync(source, temporary));
    return true;
  } catch (error) {
    log.debug(`${source} could not be copied to ${destination}: ${(error as Error).message}`);
    return false;
  }
}

/**
 * Removes a file if it is there.
 * @returns whether it was
 * @throws Node's error if it cannot be removed.
 */
export function tryDeleteFile(filename: string): boolean {
  try {
    unlinkSync(filename);
    return true;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return false;
  }
}

/**
 * Compresses a file beside itself. The original stays, and so does a `.gz` file that is there already.
 * @returns the name with `.gz`, or undefined if there is no such file
 * @throws Node's error if it cannot be read or written.
 */
export function gzipFile(filename: string): string | undefined {
  const compressed = `${filename}.gz`;
  if (!existsSync(filename)) return undefined;
  if (!existsSync(compressed)) storeTextfile(compressed, gzipSync(readFileSync(filename)));
  return compressed;
}

/**
 * Unpacks a file beside itself, then removes the compressed one.
 * @returns the name without `.gz`
 * @throws TypeError `ERR_INVALID_ARG_VALUE` if the name does not end with `.gz`; Node's error if the file is
 *   not there (`ENOENT`) or damaged (`Z_DATA_ERROR`, `Z_BUF_ERROR`): then it is left as it is.
 */
export function gunzipFile(compressed: string): string {
  if (!compressed.endsWith(".gz")) throw invalidValue("compressed", "must end with .gz", compressed);
  const filename = compressed.slice(0, -".gz".length);
  storeTextfile(filename, gunzipSync(readFileSync(compressed)));
  tryDeleteFile(compressed);
  return filename;
}

/**
 * The text of a file, or of the file with `.gz` after its name, unpacked.
 * @param filename Where it ends with `.gz`, it is unpacked too.
 * @returns the text, bytes that are not UTF-8 replaced; undefined if there is neither file
 * @throws Node's error if it is damaged or cannot be read.
 */
export function readTextfile(filename: string): string | undefined {
  for (const name of [filename, `${filename}.gz`]) {
    try {
      const bytes = readFileSync(name);
      return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }
  return undefined;
}

/**
 * Stores a text so that readers see it whole or not at all. A file that is there is replaced.
 * @param content A string, stored as UTF-8, or bytes.
 * @returns `filename`
 * @throws Node's error if it cannot be written; then nothing is left behind.
 */
export function storeTextfile(filename: string, content: string | Uint8Array): string {
  replaceAtomically(filename, (temporary) => writeFileSync(temporary, content, { flag: "wx", mode: 0o644 }));
  return filename;
}

/**
 * Moves a file, also to another file system: it appears at the destination whole, then goes from the source.
 * @param destination The new name, or a directory for a file of the same name. A file is replaced.
 * @throws Node's error if the source does not exist or the destination cannot be written.
 */
export function moveFile(source: string, destination: string): void {
  const directory = statSync(destination, { throwIfNoEntry: false })?.isDirectory() === true;
  const target = directory ? join(destination, basename(source)) : destination;
  try {
    renameSync(source, target);
  } catch (error) {
    if (codeOf(error) !== "EXDEV") throw error;
    replaceAtomically(target, (temporary) => copyFileSync(source, temporary));
    unlinkSync(source);
  }
}

/**
 * Moves a file to a name for which others compete, without a lock. A file that is there and has other content is
 * kept as `destination.old`, with a warning. The destination is there at every moment once it has been.
 * @throws Node's error if the source does not exist or the destination cannot be written.
 */
export function lockfreeMoveFile(source: string, destination: string): void {
  // First onto the same file system: only there can it appear at once.
  const temporary = temporaryName(destination);
  moveFile(source, temporary);
  try {
    if (tryLink(temporary, destination)) return;
    if (sameContent(temporary, destination)) return;
    const backup = `${destination}.old`;
    log.warning(`${destination} is replaced by a file with other content; what it was is kept as ${backup}`);
    replaceAtomically(backup, (name) => copyFileSync(destination, name));
    renameSync(temporary, destination);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Gives a file a second name, unless that is taken. @returns whether it did */
function tryLink(filename: string, name: string): boolean {
  try {
    linkSync(filename, name);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (existsSync(name)) return false;
    // A file system without hard links (FAT, some network ones): renaming comes closest.
    renameSync(filename, name);
    return true;
  }
}

/** Compressed files are unpacked: they tell when they were made. */
function sameContent(one: string, other: string): boolean {
  const packed = other.endsWith(".gz");
  const [a, b] = [readFileSync(one), readFileSync(other)];
  if (a.equals(b)) return true;
  try {
    return packed && gunzipSync(a).equals(gunzipSync(b));
  } catch {
    return false; // One of them is damaged.
  }
}

/** Lets the owner of a file execute it. @throws Node's error if it is not there or somebody else's. */
export function makeExecutable(filename: string): void {
  chmodSync(filename, (statSync(filename).mode & 0o7777) | 0o100);
}

/** How {@link getStatusOutput} runs a command. */
export interface CommandSettings {
  /** What it reads from its standard input. Default: nothing. */
  readonly input?: string | Uint8Array;
  /** Its directory. Default: the current one. */
  readonly cwd?: string;
  /** Its environment. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs a command, without a shell, and waits for its end.
 * @param command The program and its arguments; a string is split at its spaces.
 * @returns its exit code, minus the number of the signal that ended it; and what it wrote to standard output and
 *   error, in the order in which it did, bytes that are not UTF-8 replaced
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for an empty command; Node's error (`ENOENT`, `EACCES`) if it cannot
 *   be run.
 */
export function getStatusOutput(
  command: string | readonly string[],
  settings: CommandSettings = {},
): [status: number, output: string] {
  const words = typeof command === "string" ? command.split(/\s+/).filter(Boolean) : command;
  const [program, ...args] = words;
  if (!program) throw invalidValue("command", "must name a program", command);
  // Two pipes would lose the order of the streams, and one is not offered: both get the same open file.
  const directory = mkdtempSync(join(tmpdir(), "typed-mpi-output-"));
  const filename = join(directory, "output");
  try {
    const output = openSync(filename, "wx+", 0o600);
    try {
      const { input = "", cwd, env } = settings;
      const ended = spawnSync(program, args, { input, cwd, env, stdio: ["pipe", output, output] });
      // EPIPE: it did not read all of its input, which is its own affair.
      if (ended.error && codeOf(ended.error) !== "EPIPE") throw ended.error;
      const status = ended.status ?? -(constants.signals[ended.signal ?? "SIGKILL"] ?? 1);
      return [status, readFileSync(filename, "utf8")];
    } finally {
      closeSync(output);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * The shared libraries that a library needs, as the system's loader finds them (`ldd`; on macOS `otool -L`).
 * @returns for each name the path of its file, or null if it is not found
 * @throws JitError `ERR_JIT_LOAD` if the file is no library, or damaged; Node's `ENOENT` without `ldd`.
 */
export function ldd(libFilename: string): Record<string, string | null> {
  const tool = process.platform === "darwin" ? ["otool", "-L"] : ["ldd"];
  // An absolute path is no option, whatever the name begins with.
  const [status, output] = getStatusOutput([...tool, resolve(libFilename)], {
    env: { ...process.env, LC_ALL: "C" },
  });
  if (status !== 0) {
    throw new JitError("ERR_JIT_LOAD", `${tool.join(" ")} cannot read ${libFilename}: ${output.trim()}`);
  }
  const libraries: Record<string, string | null> = {};
  for (const line of output.split("\n")) {
    const [, name, path] = NEEDED.exec(line) ?? [];
    if (name === undefined) continue;
    const found = path ?? name;
    libraries[basename(name)] = isAbsolute(found) && existsSync(found) ? found : null;
  }
  return libraries;
}

/**
 * `libm.so.6 => /lib/libm.so.6 (0x7f)`, `libx.so => not found` of ldd, `/usr/lib/libSystem.B.dylib (compatibility`
 * of otool. Without `=>` ldd lists the loader and what the kernel provides, which nobody looks for.
 */
const NEEDED: RegExp = process.platform === "darwin" ? /^\s+(\S.*?) \(/ : /^\s*(\S.*?) => (.*?)(?: \(0x.*)?$/;
