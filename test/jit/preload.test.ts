import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PLAIN } from "../cli/command.js";

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

test("an engine that is unknown is told by the call that needs it", () => {
  const code = "console.log(njit((x) => x + 1)(1));";
  assert.is(printed(code, { TYPED_MPI_FFI: "" }), "2");
  const telling = `try { ${code} } catch (error) { console.log(error.code); }`;
  assert.is(printed(telling, { TYPED_MPI_FFI: "none" }), "ERR_FFI_ENGINE");
});

test.run();
