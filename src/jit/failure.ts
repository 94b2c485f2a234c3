import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createFailDirPath, createIncBasename, createLibBasename, createSrcBasename } from "./cache/names.js";
import { JitError } from "./error.js";
import type { Params } from "./params.js";

/** A build that did not succeed. */
export interface FailedBuild {
  readonly signature: string;
  readonly header?: string | undefined;
  readonly source: string;
  /** The compiler's path and arguments, as it was run. */
  readonly command: readonly string[];
  /** What it wrote. */
  readonly output: string;
}

const README = `What is left of a library that could not be built:

  recompile.sh   compiles it again, here: ./recompile.sh
  error.log      what the compiler wrote
`;

/**
 * Leaves all that is needed to see why a build failed: source, header, `error.log`, and `recompile.sh`, which repeats
 * the build there. What an earlier failure of the same signature left is replaced.
 * @returns The absolute path of the directory, `jitfailure-<signature>` in `cache.failDirRoot` or the current one.
 * @throws JitError `ERR_JIT_CACHE` if it cannot be written; then there is no directory.
 */
export function writeFailureDirectory(failed: FailedBuild, { cache }: Params): string {
  const { signature, header, source, command, output } = failed;
  const directory = createFailDirPath(signature, cache);
  const [src, lib] = [createSrcBasename(signature, cache), createLibBasename(signature, cache)];
  let made: string | undefined;
  try {
    mkdirSync(dirname(directory), { recursive: true, mode: 0o755 });
    // Written beside and moved as a whole: several processes may fail at once, and in /tmp a directory of this name
    // may be somebody else's.
    made = mkdtempSync(`${directory}.`);
    const script = join(made, "recompile.sh");
    writeFileSync(join(made, src), source);
    if (header) writeFileSync(join(made, createIncBasename(signature, cache)), header);
    writeFileSync(join(made, "error.log"), output);
    writeFileSync(join(made, "README"), `${README}  ${src}\n`);
    writeFileSync(script, recompileScript(command, [src, lib]));
    chmodSync(script, 0o755);
    chmodSync(made, 0o755);
    replace(made, directory);
  } catch (cause) {
    if (made !== undefined) tryRemove(made);
    throw new JitError("ERR_JIT_CACHE", `${directory} cannot be written: ${(cause as Error).message}`, {
      cause,
      signature,
    });
  }
  return directory;
}

/** Moves a directory in the place of another one. If others do the same, one of them is left, and it is whole. */
function replace(made: string, directory: string): void {
  for (let attempt = 0; ; attempt++) {
    try {
      renameSync(made, directory);
      return;
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (attempt === ATTEMPTS || !["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(code)) throw error;
    }
    const old = mkdtempSync(`${directory}.old-`);
    try {
      renameSync(directory, join(old, "old"));
    } catch {
      // Another process was faster.
    }
    tryRemove(old);
  }
}

const ATTEMPTS = 20;

/** Every word is quoted; paths of what is in the directory become names. */
function recompileScript(command: readonly string[], local: readonly string[]): string {
  const words = command.map(
    (word) => local.find((name) => word.endsWith(`/${name}`) && word[0] === "/") ?? word,
  );
  return `#!/bin/sh
# Compiles the library again in this directory.
cd -- "$(dirname -- "$0")" || exit
exec ${words.map(quote).join(" \\\n  ")}
`;
}

/** For sh: nothing is special within these quotes but their end. */
const quote = (word: string): string =>
  /^[\w./+=,:@%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

function tryRemove(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    // The first error tells more.
  }
}
