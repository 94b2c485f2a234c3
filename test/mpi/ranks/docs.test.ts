import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "../../harness/ranks.js";

/* The programs in docs/*.md are run: they throw if what they say is not so. */

// The compiled test is in build/test/mpi/ranks. Programs are written below build/, where "typed-mpi" is known.
const root = join(import.meta.dirname, "../../../..");
const docs = join(root, "docs");

for (const page of readdirSync(docs).filter((name) => name.endsWith(".md"))) {
  const text = readFileSync(join(docs, page), "utf8");
  const programs = [...text.matchAll(/^```ts\n(import [\s\S]*?)^```$/gm)].map((match) => match[1] as string);
  for (const [i, program] of programs.entries()) {
    test(`docs/${page}, program ${i + 1}`, async () => {
      const directory = mkdtempSync(join(root, "build/docs-"));
      try {
        const file = join(directory, "program.mjs");
        writeFileSync(file, program);
        await import(pathToFileURL(file).href);
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  }
}
