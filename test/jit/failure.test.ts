import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeCompileCommand } from "../../src/jit/compiler/command.js";
import { type FailedBuild, writeFailureDirectory } from "../../src/jit/failure.js";
import { defaultParams, type Params } from "../../src/jit/params.js";
import { assertThrows } from "../harness/assert.js";
import { workspace } from "./compiler/workspace.js";

const test = suite("writeFailureDirectory");
const ODD = `a "b" 'c' $HOME \`id\` ; \\ d`;

function failed(root: string, source: string): [FailedBuild, Params] {
  const defaults = defaultParams();
  const cache = { ...defaults.cache, cacheDir: join(root, "cache"), failDirRoot: join(root, ODD) };
  const build = { ...defaults.build, cxx: `c++ '-DTEXT="$HOME it'\\''s '\\''so'\\''"'` };
  const command = makeCompileCommand("sig.cpp", "libtyped-mpi-sig.so", [], build, cache);
  const header = 'extern "C" const char *text();\n';
  return [
    { signature: "sig", header, source, command, output: "what it said\n" },
    { ...defaults, cache, build },
  ];
}

const SOURCE = '#include "sig.h"\nconst char *text() { return TEXT; }\n';

test("it has all that is needed, and nothing else", () => {
  const root = workspace();
  const directory = writeFailureDirectory(...failed(root, SOURCE));
  assert.is(directory, join(root, ODD, "jitfailure-sig"));
  assert.equal(readdirSync(directory).sort(), ["README", "error.log", "recompile.sh", "sig.cpp", "sig.h"]);
  assert.is(readFileSync(join(directory, "sig.cpp"), "utf8"), SOURCE);
  assert.is(readFileSync(join(directory, "error.log"), "utf8"), "what it said\n");
  assert.match(readFileSync(join(directory, "README"), "utf8"), "recompile.sh");
  assert.is(statSync(join(directory, "recompile.sh")).mode & 0o777, 0o755);
});

test("recompile.sh compiles there, with every argument as it was", () => {
  const root = workspace();
  const directory = writeFailureDirectory(...failed(root, SOURCE));
  execFileSync(join(directory, "recompile.sh"), { cwd: "/" });
  const library = join(directory, "libtyped-mpi-sig.so");
  assert.ok(existsSync(library));
  assert.ok(readFileSync(library).includes("$HOME it's 'so'\0"), "the macro is what was given");
  assert.equal(readdirSync(root), [ODD], "nothing is written elsewhere");
});

test("absolute names of the build become local ones", () => {
  const root = workspace();
  const [build, params] = failed(root, SOURCE);
  const gone = "/gone/typed-mpi/temp";
  const command = build.command.map((word) =>
    /^(?:sig\.cpp|libtyped.*)$/.test(word) ? `${gone}/${word}` : word,
  );
  const directory = writeFailureDirectory({ ...build, command }, params);
  execFileSync(join(directory, "recompile.sh"), { cwd: "/" });
  assert.ok(existsSync(join(directory, "libtyped-mpi-sig.so")));
});

test("recompile.sh fails as the build did", () => {
  const directory = writeFailureDirectory(...failed(workspace(), "int f() { return x; }\n"));
  const { status, stderr } = spawnSync(join(directory, "recompile.sh"), { cwd: "/" });
  assert.is(status, 1);
  assert.match(stderr.toString(), /sig\.cpp:1:\d+: error/);
});

test("a later failure replaces an earlier one", () => {
  const root = workspace();
  const [build, params] = failed(root, SOURCE);
  const directory = writeFailureDirectory(build, params);
  writeFileSync(join(directory, "left"), "");
  const { header: _, ...withoutHeader } = build;
  assert.is(writeFailureDirectory(withoutHeader, params), directory);
  assert.equal(readdirSync(directory).sort(), ["README", "error.log", "recompile.sh", "sig.cpp"]);
});

test("the current directory is where it goes by default", () => {
  const root = workspace();
  const [build, params] = failed(root, SOURCE);
  const before = process.cwd();
  process.chdir(root);
  try {
    const directory = writeFailureDirectory(build, {
      ...params,
      cache: { ...params.cache, failDirRoot: "" },
    });
    assert.is(directory, join(process.cwd(), "jitfailure-sig"));
  } finally {
    process.chdir(before);
  }
});

test("where it cannot be written, that is said and nothing is left", () => {
  const root = workspace();
  const [build, params] = failed(root, SOURCE);
  writeFileSync(join(root, ODD), "a file");
  assertThrows(() => writeFailureDirectory(build, params), {
    code: "ERR_JIT_CACHE",
    message: "jitfailure-sig",
  });
  assert.equal(readdirSync(root), [ODD]);
});

test("a signature that is none leads nowhere", () => {
  const root = workspace();
  const [build, params] = failed(root, SOURCE);
  const error = { code: "ERR_INVALID_ARG_VALUE", argument: "signature" };
  assertThrows(() => writeFailureDirectory({ ...build, signature: "../x" }, params), error);
  assert.equal(readdirSync(root), []);
});

test.run();
