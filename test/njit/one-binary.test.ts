import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { librariesIn, newFolder } from "../jit/caches.js";
import { installed } from "../mpi/installed.js";

// A library calls whatever MPI the process runs under: its code has nothing of any.

const PROGRAM = fileURLToPath(new URL("one-binary-program.js", import.meta.url));

const oneBinary = suite("njit: one binary for every MPI");

const cacheDir = newFolder();
const codes = new Set<string>();
const libraries = new Set<string>();

for (const { name, launcher, env } of installed()) {
  oneBinary(`${name} with the cache of the others`, () => {
    const [command = "", ...rest] = launcher;
    const { status, stdout, stderr } = spawnSync(command, [...rest, "-n", "2", process.execPath, PROGRAM], {
      env: { ...process.env, ...env, NODE_V8_COVERAGE: undefined, TYPED_MPI_CACHE_DIR: cacheDir },
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.is(status, 0, stdout + stderr);
    const { result, code } = JSON.parse(stdout) as { result: number[]; code: string };
    assert.equal(result, [3, 2, 2, 1]);
    codes.add(code);
    for (const library of librariesIn(cacheDir)) libraries.add(library);
    assert.is(libraries.size, 1, [...libraries].join());
    assert.is(codes.size, 1);
  });
}

oneBinary("the code takes all that differs between MPIs from a table", () => {
  const [code = ""] = codes;
  assert.not.match(code, /mpi\.h|\bMPI_\w+\s*\(|0x44[0-9a-f]{6}/);
});

oneBinary.run();
