import { spawn } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { processesWith, script, until, workspace } from "./workspace.js";

const test = suite("runCompiler: when the process that compiles is killed");
const program = fileURLToPath(new URL("./program.js", import.meta.url));

/** What compilers leave in the temporary directory when they are killed. */
const temporaries = (): string[] => readdirSync(tmpdir()).filter((name) => /^cc\w{6}\.\w+$/.test(name));

for (const form of ["sync", "async"]) {
  for (const signal of ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"] as const) {
    test(`${signal}, ${form}: compiler, child and guard die`, async () => {
      const directory = workspace();
      // All have the name of the directory in their environment, but the guard and our program as an argument.
      const compiler = script(directory, "compiler", "sleep 65 & touch begun; sleep 66");
      const child = spawn(process.execPath, [program, form, directory, compiler], { stdio: "inherit" });
      const exited = new Promise((resolve) => child.once("exit", (_, by) => resolve(by)));
      await until(() => existsSync(join(directory, "begun")), "the compiler runs");
      await until(
        () => processesWith(directory).length === 5,
        "our program, the guard, the compiler and its two",
      );
      child.kill(signal);
      assert.is(await exited, signal);
      await until(() => processesWith(directory).length === 0, "all of them are gone");
    });
  }

  test(`SIGKILL, ${form}: a real compiler dies in its work and leaves nothing in /tmp`, async () => {
    const directory = workspace();
    const source = `t-${process.pid}-${form}.cpp`;
    // Takes seconds to compile.
    const code = `#include <map>\n#include <string>\n#include <regex>\n#include <functional>\n
template<int N> struct F { static int f(int x) { std::map<int, std::string> m; m[x] = std::to_string(N); return m.size() + F<N-1>::f(x); } };
template<> struct F<0> { static int f(int x) { return x; } };
int run(int x) { std::regex r("a"); return F<800>::f(x); }\n`;
    writeFileSync(join(directory, source), code);
    const before = temporaries();
    const command = ["/usr/bin/c++", "-shared", "-fPIC", "-O3", source, "-o", "t.so"];
    const child = spawn(process.execPath, [program, form, directory, ...command], { stdio: "inherit" });
    const exited = new Promise((resolve) => child.once("exit", (_, by) => resolve(by)));
    await until(() => processesWith(source).length >= 3, "cc1plus runs");
    child.kill("SIGKILL");
    assert.is(await exited, "SIGKILL");
    await until(() => processesWith(directory).length === 0, "all of them are gone");
    assert.is(existsSync(join(directory, "t.so")), false, "it was killed in its work");
    assert.equal(temporaries(), before);
  });
}

test.run();
