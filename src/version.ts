import { readFileSync } from "node:fs";

let version: string | undefined;

/** The version of this package. */
export function packageVersion(): string {
  version ??= readVersion();
  return version;
}

/** The nearest package.json above this file, in dist/ or build/src/: to resolve the package by its name takes 2 ms. */
function readVersion(): string {
  for (let folder = new URL(".", import.meta.url); ; folder = new URL("..", folder)) {
    try {
      return (JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as { version: string })
        .version;
    } catch (error) {
      if (new URL("..", folder).href === folder.href) throw error;
    }
  }
}
