import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PLAIN } from "../cli/command.js";
import { newFolder } from "./caches.js";

// What is prepared while the modules load decides nothing: a program may set its environment after its imports.

const MODULES = {
  jit: new URL("../../src/jit/index.js", import.meta.url).href,
  njit: new URL("../../src/njit/index.js", import.meta.url).href,
};

/** What a new process prints that imports both, and then does this. */
function printed(code: string, env: NodeJS.ProcessEnv = {}): string {
  const program = `import { jitSignature } from "${MODULES.jit}"; import { njit } from "${MODULES.njit}"; ${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...PLAIN, ...env },
    encoding: "utf8",
  });
  assert.is(stderr, "");
  return stdout.trim();
}

const SIGNATURE = 'console.log(jitSignature("s"));';

test("the compiler is the one that is asked for when it is needed", () => {
  const usual = printed(SIGNATURE);
  const clang = printed(SIGNATURE, { CXX: "clang++" });
  assert.is.not(clang, usual);
  assert.is(printed(`process.env.CXX = "clang++"; ${SIGNATURE}`), clang);
});

test("a process without a compiler imports all the same, and finds one that appears", () => {
  const { PATH } = process.env;
  const telling = `try { ${SIGNATURE} } catch (error) { console.log(error.code); }`;
  assert.is(printed(telling, { PATH: "/nonexistent" }), "ERR_JIT_COMPILER_NOT_FOUND");
  const late = `process.env.PATH = ${JSON.stringify(PATH)}; ${SIGNATURE}`;
  assert.is(printed(late, { PATH: "/nonexistent" }), printed(SIGNATURE));
});

test("a compiler that changed since is looked at again by a call that comes late", () => {
  const folder = newFolder();
  const compiler = join(folder, "compiler");
  const text = '#!/bin/sh\nexec c++ "$@"\n';
  writeFileSync(compiler, text, { mode: 0o755 });
  const changed = `import { appendFileSync } from "node:fs"; appendFileSync("${compiler}", "# newer\\n");`;
  const wait = "await new Promise((resolve) => setTimeout(resolve, 1100));";
  const late = printed(`${changed} ${wait} ${SIGNATURE}`, { CXX: compiler });
  assert.is(printed(SIGNATURE, { CXX: compiler }), late);
  writeFileSync(compiler, text, { mode: 0o755 });
  assert.is.not(printed(SIGNATURE, { CXX: compiler }), late);
});

test("an engine that is unknown is told by the call that needs it", () => {
  const cache = newFolder();
  const code = "console.log(njit((x) => x + 1)(1));";
  const telling = `try { ${code} } catch (error) { console.log(error.code, error.message.includes("none")); }`;
  const env = { TYPED_MPI_CACHE_DIR: cache };
  assert.is(printed(telling, { ...env, TYPED_MPI_FFI: "none" }), "ERR_FFI_ENGINE true");
  assert.is(printed(code, env), "2");
  // It is on disk now.
  assert.is(printed(telling, { ...env, TYPED_MPI_FFI: "none" }), "ERR_JIT_LOAD true");
});

test.run();
