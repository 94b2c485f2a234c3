import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { firstDiagnostics } from "../../../src/jit/compiler/diagnostics.js";
import { runCompiler } from "../../../src/jit/compiler/run.js";
import { workspace } from "./workspace.js";

const test = suite("firstDiagnostics");
const directory = workspace();

/** The diagnostics of a real compiler. */
function diagnose(compiler: string, source: string, ...flags: string[]): string[] {
  writeFileSync(join(directory, "t.c"), source);
  const command = [compiler, "-shared", "-fPIC", "-Wall", ...flags, "t.c", "-o", "t.so"];
  const { exitCode, output } = runCompiler(command, { cwd: directory, timeout: 60, label: "" }).sync();
  assert.is.not(exitCode, 0);
  return firstDiagnostics(output);
}

const WRONG = "int f(void) { int unused; return x; }\nint g(void) { return y; }\n";

for (const compiler of ["/usr/bin/gcc", "/usr/bin/clang"]) {
  test(`${compiler}: errors, not warnings`, () => {
    const lines = diagnose(compiler, WRONG);
    assert.is(lines.length, 2, lines.join("\n"));
    assert.match(lines[0] as string, /^t\.c:1:34: error: .*x/);
    assert.match(lines[1] as string, /^t\.c:2:\d+: error: .*y/);
  });

  test(`${compiler}: colours are taken off`, () => {
    assert.match(diagnose(compiler, WRONG, "-fdiagnostics-color=always")[0] as string, /^t\.c:1:34: error: /);
  });

  test(`${compiler}: a missing header`, () => {
    assert.match(diagnose(compiler, '#include "none.h"')[0] as string, /^t\.c:1:10: fatal error: .*none\.h/);
  });

  test(`${compiler}: the linker's errors`, () => {
    assert.match(diagnose(compiler, "int f;", "-lnone")[0] as string, /cannot find -lnone|unable to find/);
    const missing = diagnose(compiler, "int f(void); int g(void) { return f(); }", "-Wl,-z,defs");
    assert.match(missing[0] as string, /undefined reference to `f'/);
    assert.ok(missing.every((line) => !/collect2|linker command failed/.test(line)));
  });
}

test("tcc", () => {
  assert.match(diagnose("/usr/bin/tcc", WRONG)[0] as string, /^t\.c:1: error: /);
});

test("Microsoft's", () => {
  const output =
    "t.cpp\r\nt.cpp(3): warning C4101: 'a'\r\nt.cpp(4): error C2065: 'x': undeclared\r\n" +
    "LINK : fatal error LNK1104: cannot open file\r\n";
  assert.equal(firstDiagnostics(output), [
    "t.cpp(4): error C2065: 'x': undeclared",
    "LINK : fatal error LNK1104: cannot open file",
  ]);
});

test("no more than the limit; the first lines if none looks like an error", () => {
  const errors = [1, 2, 3, 4, 5].map((i) => `t.c:${i}:1: error: e${i}`);
  assert.equal(firstDiagnostics(errors.join("\n")), errors.slice(0, 3));
  assert.equal(firstDiagnostics(errors.join("\n"), 1), errors.slice(0, 1));
  assert.equal(firstDiagnostics("\n Killed \n\nbye\n"), ["Killed", "bye"]);
  assert.equal(firstDiagnostics(""), []);
  assert.equal(firstDiagnostics("collect2: error: ld returned 1 exit status"), [
    "collect2: error: ld returned 1 exit status",
  ]);
});

test.run();
