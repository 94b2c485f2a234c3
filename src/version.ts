import { createRequire } from "node:module";

/** The version of this package. */
export function packageVersion(): string {
  // By its own name, which Node resolves from every folder that the package is compiled into.
  return (createRequire(import.meta.url)("typed-mpi/package.json") as { version: string }).version;
}
