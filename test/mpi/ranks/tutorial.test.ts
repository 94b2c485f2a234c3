import { test } from "../../harness/ranks.js";

/* The programs of examples/tutorial check themselves; they run when they are imported. */
for (const name of [
  "objects",
  "arrays",
  "collective-objects",
  "collective-arrays",
  "matrix-vector",
  "dynamic-data",
  "user-reduction",
]) {
  test(`examples/tutorial/${name}`, async () => {
    await import(`../../../examples/tutorial/${name}.js`);
  });
}
