import { symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  compilerIdentity,
  compilerVersion,
  findCompiler,
  targetIdentity,
} from "../../../src/jit/compiler/identity.js";
import { type BuildParams, defaultBuildParams } from "../../../src/jit/params.js";
import { assertThrows } from "../../harness/assert.js";
import { script, workspace } from "./workspace.js";

const test = suite("the compiler's identity");
const saved = { ...process.env };
test.after.each(() => {
  for (const name of Object.keys(process.env)) if (!(name in saved)) delete process.env[name];
  Object.assign(process.env, saved);
});

const cxx = (text: string): BuildParams => ({ ...defaultBuildParams(), cxx: text });
const cc = (text: string): BuildParams => ({ ...defaultBuildParams(), language: "c", cc: text });

test("families are told by name, link and wrapper", () => {
  const families = ["c++", "gcc", "clang", "tcc", "mpicc.openmpi", "mpicc.mpich"].map((name) => [
    name,
    findCompiler(cxx(name)).family,
  ]);
  assert.equal(Object.fromEntries(families), {
    "c++": "gcc",
    gcc: "gcc",
    clang: "clang",
    tcc: "tcc",
    "mpicc.openmpi": "gcc",
    "mpicc.mpich": "gcc",
  });
  process.env["OMPI_CC"] = "clang -O1";
  assert.is(findCompiler(cc("mpicc.openmpi")).family, "clang");
});

test("the command is an absolute path, under the name that was given", () => {
  assert.match(findCompiler(cc("mpicc.openmpi")).command[0] as string, /^\/.*\/mpicc\.openmpi$/);
});

test("arguments are separated and quoted as in a shell", () => {
  const [program, ...args] = findCompiler(cxx(`g++ -pipe  "-Da=b c" '-De="$f"' g\\ h -Di="\\"" ''`)).command;
  assert.is(basename(program as string), "g++");
  assert.equal(args, ["-pipe", "-Da=b c", '-De="$f"', "g h", '-Di="', ""]);
  assertThrows(() => findCompiler(cxx(`g++ "-pipe`)), { code: "ERR_JIT_PARAMS", message: "quote" });
});

test("a path may have spaces", () => {
  const path = script(workspace(), "my compiler", "exit 0");
  assert.equal(findCompiler(cxx(path)).command, [path]);
  assert.equal(findCompiler(cxx(`"${path}" -x`)).command, [path, "-x"]);
});

test("one that is missing is an error that says where it was looked for and what to do", () => {
  process.env["PATH"] = "/nowhere:/usr/nowhere";
  assertThrows(() => findCompiler(cxx("g++")), {
    code: "ERR_JIT_COMPILER_NOT_FOUND",
    name: "JitError",
    message: /"g\+\+".*\/nowhere:\/usr\/nowhere.*install.*\$CXX.*build\.cxx/,
  });
  assertThrows(() => compilerIdentity(cc("gcc")), { code: "ERR_JIT_COMPILER_NOT_FOUND", message: "$CC" });
  assertThrows(() => findCompiler(cc("  ")), {
    code: "ERR_JIT_COMPILER_NOT_FOUND",
    message: "No C compiler",
  });
  const directory = workspace();
  writeFileSync(join(directory, "text"), "text");
  assertThrows(() => findCompiler(cxx(join(directory, "text"))), {
    code: "ERR_JIT_COMPILER_NOT_FOUND",
    message: "is no program",
  });
});

test("what is not executable is passed over on PATH", () => {
  const directory = workspace();
  writeFileSync(join(directory, "g++"), "text");
  process.env["PATH"] = directory + delimiter + saved["PATH"];
  assert.is.not(findCompiler(cxx("g++")).command[0], join(directory, "g++"));
});

/** The identity with the memory of a process that has just started. */
const identity = async (build: BuildParams): Promise<string> => {
  const url = new URL(`../../../src/jit/compiler/identity.js?${Math.random()}`, import.meta.url);
  return ((await import(url.href)) as { compilerIdentity: typeof compilerIdentity }).compilerIdentity(build);
};

test("the identity changes with the compiler, what it runs, its arguments and its variables", async () => {
  const directory = workspace();
  process.env["PATH"] = directory + delimiter + saved["PATH"];
  const real = script(directory, "mycc", "exit 0");
  script(directory, "ccache", 'exec "$@"');
  const builds = [cc("mycc"), cc("ccache mycc"), cc("mpicc.openmpi"), cc("mpicc.mpich")];
  process.env["OMPI_CC"] = process.env["MPICH_CC"] = "mycc";
  const all = () => Promise.all(builds.map(identity));
  const first = await all();
  assert.equal(await all(), first);
  assert.is(new Set(first).size, builds.length);

  utimesSync(real, 1, 1);
  const second = await all();
  for (const [i, text] of second.entries()) assert.is.not(text, first[i], String(builds[i]?.cc));
  script(directory, "mycc", "exit 0 # 1");
  utimesSync(real, 1, 1);
  for (const [i, text] of (await all()).entries()) assert.is.not(text, second[i], String(builds[i]?.cc));

  assert.is.not(await identity(cc("mycc -O1")), await identity(cc("mycc")));
  const before = await identity(cc("mycc"));
  process.env["CPATH"] = "/some/include";
  assert.is.not(await identity(cc("mycc")), before);
});

test("links of ccache stand for the next compiler of their name", async () => {
  const directory = workspace();
  const [links, compilers] = [workspace(), workspace()];
  symlinkSync(script(directory, "ccache", "exit 0"), join(links, "mycc-clang"));
  const real = script(compilers, "mycc-clang", "exit 0");
  process.env["PATH"] = [links, compilers, saved["PATH"]].join(delimiter);
  assert.equal(findCompiler(cc("mycc-clang")), { command: [join(links, "mycc-clang")], family: "clang" });
  const before = await identity(cc("mycc-clang"));
  utimesSync(real, 1, 1);
  assert.is.not(await identity(cc("mycc-clang")), before);
});

test("the CPU matters if the compiler is told to look at it", () => {
  const plain = targetIdentity(["-O3", "-march=x86-64"]);
  assert.is(plain, `${process.platform}-${process.arch}`);
  for (const flag of ["-march=native", "-mtune=native", "-mcpu=native"]) {
    assert.ok(targetIdentity(["-O3", flag]).length > plain.length + 5, flag);
  }
  assert.match(compilerIdentity(cxx("g++ -march=native")), targetIdentity(["-march=native"]));
});

test("versions", async () => {
  assert.match(compilerVersion(findCompiler(cc("gcc"))).sync(), /^gcc .*\d+\.\d+\.\d+/);
  assert.match(await compilerVersion(findCompiler(cc("clang"))).async(), /clang version \d+/);
  assert.match(compilerVersion(findCompiler(cc("tcc"))).sync(), /^tcc version 0/);
  assert.match(compilerVersion(findCompiler(cc("mpicc.mpich"))).sync(), /^gcc .*\d+\.\d+\.\d+/);
});

test.run();
