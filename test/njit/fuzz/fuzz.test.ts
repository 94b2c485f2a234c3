import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { newFolder } from "../../jit/caches.js";
import { argumentsFor, show } from "./arguments.js";
import { textOfProgram } from "./batch.js";
import { generate } from "./generator.js";

/* Random programs do the same compiled as in JavaScript. `npm run fuzz` compares more of them. */

/** Of the programs, at most this share may be refused: what is generated is what can be compiled. */
const REFUSED = 0.02;

const program = fileURLToPath(new URL("fuzz-program.js", import.meta.url));

/** Compares the programs of some seeds in a process of their own, since what is wrong in C may end it. */
function compare(...args: string[]): void {
  const all = [program, "--directory", newFolder(), "--reduce", "20", ...args];
  const { stdout, stderr, signal, status } = spawnSync(process.execPath, all, { encoding: "utf8" });
  const told = `${stdout.replace(/^at \d+\n(?=at )/gm, "")}${stderr}`;
  assert.is(status, 0, `${signal ?? status}: ${told}`);
  const [, compared = 0, refused = 0] = /^(\d+) compared, (\d+) refused/m.exec(stdout)?.map(Number) ?? [];
  assert.ok(compared > 0, told);
  assert.ok(refused <= REFUSED * compared, told);
}

test("random programs, compiled without optimisation", () => {
  compare("--seed", "1", "--count", "120", "--batch", "40", "--flags=-O0 -march=x86-64");
});

test("random programs, compiled as users' are", () => {
  compare("--seed", "100001", "--count", "20");
});

test("random programs touch no memory that is not theirs, and do nothing that C does not define", () => {
  compare("--seed", "200001", "--count", "20", "--flags=-O1", "--sanitize");
});

test("the sanitizers see what is outside of an array", () => {
  const all = [program, "--directory", newFolder(), "--sanitize", "--outside"];
  const { stderr, status } = spawnSync(process.execPath, all, { encoding: "utf8" });
  assert.is.not(status, 0);
  assert.match(stderr, /AddressSanitizer: heap-buffer-overflow/);
});

test("a program is the same for the same seed, and so are its arguments", () => {
  const [first, second] = [generate(7), generate(7)];
  assert.is(textOfProgram(first), textOfProgram(second));
  assert.is.not(textOfProgram(first), textOfProgram(generate(8)));
  assert.is(show(argumentsFor(first.parameters, 7)), show(argumentsFor(second.parameters, 7)));
});

test.run();
