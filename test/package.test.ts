import { suite } from "uvu";
import * as assert from "uvu/assert";

// The published package is a bundle of the sources: it must offer what they offer, by the same names.

const ENTRIES = {
  "typed-mpi": "../src/index.js",
  "typed-mpi/mpi": "../src/mpi/index.js",
  "typed-mpi/jit": "../src/jit/index.js",
  "typed-mpi/njit": "../src/njit/index.js",
} as const;

/** What is exported, with the names that errors, stacks and `inspect` show of it. */
function shapeOf(module: object): readonly string[] {
  return Object.entries(module)
    .map(([name, value]) => `${name}: ${typeof value} ${typeof value === "function" ? value.name : ""}`)
    .sort();
}

const bundle = suite("the published package");

for (const [name, source] of Object.entries(ENTRIES)) {
  bundle(`${name} exports what its sources export`, async () => {
    const [published, own] = await Promise.all([import(name), import(source)]);
    assert.equal(shapeOf(published), shapeOf(own));
    assert.ok(shapeOf(own).length > 0);
  });
}

bundle("there is one mpi, however it is imported", async () => {
  const [whole, part] = await Promise.all([import("typed-mpi"), import("typed-mpi/mpi")]);
  assert.is(whole.mpi, part);
});

bundle.run();
