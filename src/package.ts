/** What this package knows of itself. */
import { readFileSync } from "node:fs";

/** The folder of all its modules, as a URL: this one lies at its root, and so do the chunks of the published bundle. */
export const packageModules: string = new URL(".", import.meta.url).href;

let version: string | undefined;

/** The version of this package. */
export function packageVersion(): string {
  version ??= readVersion();
  return version;
}

/** The nearest package.json above this file, in dist/ or build/src/: to resolve the package by its name takes 2 ms. */
function readVersion(): string {
  for (let folder = new URL(packageModules); ; folder = new URL("..", folder)) {
    try {
      return (JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as { version: string })
        .version;
    } catch (error) {
      if (new URL("..", folder).href === folder.href) throw error;
    }
  }
}
