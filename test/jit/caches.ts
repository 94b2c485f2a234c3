import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders: string[] = [];

/** A new directory, removed when the tests are over. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "typed-mpi-test-"));
  folders.push(folder);
  return folder;
}

process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The files of a directory and those below, relative to it, sorted. */
export const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** What of a cache must not outlast the calls that worked in it: temporary files and locks. */
export const leftovers = (cacheDir: string): string[] =>
  filesOf(cacheDir).filter((file) => !/^(include|src|lib|log|manifest|stats|compiler)\//.test(file));

/** The libraries in a cache. */
export const librariesIn = (cacheDir: string): string[] =>
  filesOf(cacheDir).filter((file) => file.startsWith("lib/"));
