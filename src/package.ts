/** What this package knows of itself. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of all its modules: this one lies at its root, and so do the chunks of the published bundle. */
export const packageModules: string = import.meta.dirname;

/** What the bundle is built with; the modules alone look it up. */
declare const TYPED_MPI_VERSION: string | undefined;

let version: string | undefined;

/** The version of this package. */
export function packageVersion(): string {
  version ??= typeof TYPED_MPI_VERSION === "string" ? TYPED_MPI_VERSION : readVersion();
  return version;
}

/** The nearest package.json above this file, in dist/ or build/src/: to resolve the package by its name takes 2 ms. */
function readVersion(): string {
  for (let folder = packageModules; ; folder = dirname(folder)) {
    try {
      return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
    } catch (error) {
      if (dirname(folder) === folder) throw error;
    }
  }
}
