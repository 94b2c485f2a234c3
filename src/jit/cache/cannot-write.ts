import { JitError } from "../error.js";

/** Node's code of an error of the file system, or undefined for any other error. */
export function fileSystemCode(error: unknown): string | undefined {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  return typeof code === "string" && syscall !== undefined ? code : undefined;
}

/**
 * What to throw when something cannot be stored: ERR_JIT_CACHE for what the file system refused, upon which the
 * caller may try elsewhere; any other error as it is.
 */
export function cannotWrite(cacheDir: string, cause: unknown, signature?: string): unknown {
  if (fileSystemCode(cause) === undefined) return cause;
  const message = `The cache ${cacheDir} cannot be written: ${(cause as Error).message}`;
  return new JitError("ERR_JIT_CACHE", message, { signature, cause });
}
