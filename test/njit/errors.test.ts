import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { NjitError, type NjitErrorCode, njit } from "../../src/njit/index.js";
import { assertThrows } from "../harness/assert.js";
import "./cache.js";
import { functionOf } from "./text.js";

// What cannot be compiled is an error that shows the place, before any compiler runs.

const errors = suite("njit: errors");

const directory = mkdtempSync(join(tmpdir(), "typed-mpi-njit-errors-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
const params = { cache: { cacheDir: directory } };

interface Refused {
  readonly name: string;
  /** The place is marked: `«here»`. */
  readonly text: string;
  readonly args?: readonly unknown[];
  readonly code?: NjitErrorCode;
  readonly message?: string;
}

const marked = (text: string) => {
  const start = text.indexOf("«");
  const end = text.indexOf("»") - 1;
  const plain = text.replace(/[«»]/g, "");
  const before = plain.slice(0, start).split("\n");
  return { plain, line: before.length, column: (before.at(-1) as string).length + 1, width: end - start };
};

const REFUSED: readonly Refused[] = [
  { name: "try", text: "(x) => {\n  «try { x++; } catch {}»\n  return x;\n}", message: "try statement" },
  { name: "async", text: "«async (x) => x»", message: "async" },
  {
    name: "for of",
    text: "(x) => {\n  «for (const i of [1, 2]) x += i;»\n  return x;\n}",
    message: "prange",
  },
  { name: "for in", text: "(x) => { «for (const i in x) {}» }", args: [new Float64Array(2)] },
  { name: "strings", text: '(x) => {\n  const s = «"text"»;\n  return x;\n}', message: "only numbers" },
  { name: "templates", text: "(x) => «``»", message: "template literal" },
  { name: "regular expressions", text: "(x) => «/x/»" },
  { name: "an object that is used", text: "(x) => { const o = { x }; return o.«y»; }" },
  { name: "typeof", text: "(x) => «typeof x»", message: "typeof" },
  { name: "in", text: "(x) => «1 in x»", args: [new Float64Array(2)] },
  { name: "instanceof", text: "(x) => «x instanceof Float64Array»", args: [new Float64Array(2)] },
  { name: "delete", text: "(x) => «delete x[0]»", args: [new Float64Array(2)] },
  { name: "??", text: "(x) => «x ?? 1»" },
  { name: "optional chaining", text: "(x) => «x?.length»", args: [new Float64Array(2)] },
  { name: "spread", text: "(x) => «Math.max(...x)»", args: [new Float64Array(2)] },
  { name: "this", text: "function f(x) {\n  return «this»;\n}" },
  {
    name: "functions inside",
    text: "(x) => { const f = «(y) => y»; return f(x); }",
    message: "arrow function",
  },
  { name: "function declarations inside", text: "(x) => { «function f() {}» return x; }" },
  { name: "classes inside", text: "(x) => { «class A {}» return x; }" },
  { name: "default parameters", text: "(«x = 1») => x", message: "plain name" },
  { name: "rest parameters", text: "(«...x») => 1", message: "plain name" },
  {
    name: "patterns as parameters",
    text: "(«[x]») => x",
    message: "plain name",
    args: [new Float64Array(2)],
  },
  { name: "methods of arrays", text: "(x) => x.«map»(1)", args: [new Float64Array(2)], message: ".map()" },
  {
    name: "properties of arrays",
    text: "(x) => x.«byteLength»",
    args: [new Float64Array(2)],
    message: ".byteLength",
  },
  { name: "plain arrays that are made", text: "(x) => «new Array(3)»", message: "TypedArrays" },
  {
    name: "errors that are made at run time",
    text: "(x) => {\n  «throw new Error(x);»\n}",
    message: "constant message",
  },
  {
    name: "assignment to a const",
    text: "(x) => { const y = x; «y» = 1; return y; }",
    message: "y is a const",
  },
  { name: "assignment to what is outside", text: "(x) => { «Math» = x; }", message: "from outside" },
  { name: "console", text: "(x) => { «console.log»(x); }" },
  { name: "too many arguments for Math", text: "(x) => «Math.sqrt(x, 1)»", message: "takes 1 arguments" },
  { name: "an unknown function of Math", text: "(x) => «Math.nothing»(x)" },

  {
    name: "an unknown name",
    text: "(x) => x + «nowhere»",
    code: "ERR_NJIT_CAPTURE",
    message: "options.captures",
  },
  { name: "an unknown function", text: "(x) => «nowhere»(x)", code: "ERR_NJIT_CAPTURE", message: "nowhere" },

  {
    name: "a bigint and a number",
    text: "(x) => «x + 1»",
    args: [1n],
    code: "ERR_NJIT_TYPE",
    message: "do not mix",
  },
  { name: "+ of a bigint", text: "(x) => «+x»", args: [1n], code: "ERR_NJIT_TYPE" },
  {
    name: "a bigint of more than 64 bits",
    text: "(x) => x + «18446744073709551616n»",
    args: [1n],
    code: "ERR_NJIT_TYPE",
    message: "64 bits",
  },
  { name: ">>> of bigints", text: "(x) => «x >>> 1n»", args: [1n], code: "ERR_NJIT_TYPE" },
  { name: "Math of a bigint", text: "(x) => Math.sqrt(«x»)", args: [1n], code: "ERR_NJIT_TYPE" },
  {
    name: "a variable of two kinds",
    text: "(x) => {\n  let y = x;\n  «y = x > 1»;\n  return y;\n}",
    code: "ERR_NJIT_TYPE",
    message: "y is f64 elsewhere and cannot be bool as well",
  },
  {
    name: "an array where a number was",
    text: "(x, a) => {\n  let y = x;\n  «y = a»;\n  return y;\n}",
    args: [1, new Int8Array(1)],
    code: "ERR_NJIT_TYPE",
  },
  {
    name: "an array in arithmetic",
    text: "(x) => «x» + 1",
    args: [new Float64Array(1)],
    code: "ERR_NJIT_TYPE",
    message: "f64[]",
  },
  { name: "elements of a number", text: "(x) => «x[0]»", code: "ERR_NJIT_TYPE", message: "has no elements" },
  {
    name: "the length of a number",
    text: "(x) => «x.length»",
    code: "ERR_NJIT_TYPE",
    message: "has no length",
  },
  {
    name: "a bigint in a Float64Array",
    text: "(x, b) => {\n  x[0] = «b»;\n}",
    args: [new Float64Array(1), 1n],
    code: "ERR_NJIT_TYPE",
  },
  {
    name: "a number in a BigInt64Array",
    text: "(x) => { x[0] = «1»; }",
    args: [new BigInt64Array(1)],
    code: "ERR_NJIT_TYPE",
  },
  {
    name: "one of two kinds",
    text: "(x) => «x > 1 ? x : true»",
    code: "ERR_NJIT_TYPE",
    message: "do not go together",
  },
  {
    name: "results of two kinds",
    text: "(x) => {\n  if (x > 1) return 1;\n  «return true;»\n}",
    code: "ERR_NJIT_TYPE",
  },
  {
    name: "a result on some paths only",
    text: "«(»x) => { if (x > 1) return 1; }",
    code: "ERR_NJIT_TYPE",
    message: "nothing on others",
  },
  {
    name: "an array as a result",
    text: "(x) => «x»",
    args: [new Float64Array(1)],
    code: "ERR_NJIT_TYPE",
    message: "cannot be returned",
  },
  { name: "a boolean compared with a number", text: "(x) => «x === true»", code: "ERR_NJIT_TYPE" },
];

for (const { name, text, args = [2], code = "ERR_NJIT_UNSUPPORTED", message = "" } of REFUSED) {
  errors(`${name}: ${code}`, () => {
    const { plain, line, column, width } = marked(text);
    const fn = njit(functionOf(plain, "place/kernel.js"), { params });
    const error = assertThrows(() => fn(...args), { code, name: "NjitError", message }) as NjitError;
    assert.equal(error.location, { file: "place/kernel.js", line, column }, error.message);
    const [at, source, caret] = error.message.split("\n").slice(-3);
    assert.is(at, `  at place/kernel.js:${line}:${column}`);
    const shown = plain.split("\n")[line - 1] as string;
    assert.is(source, `    ${shown}`);
    const marks = "^".repeat(Math.max(1, Math.min(width, shown.length - column + 1)));
    assert.is(caret, `    ${" ".repeat(column - 1)}${marks}`);
    // And again: nothing is half compiled.
    assertThrows(() => fn(...args), { code });
    assert.equal(fn.signatures, []);
  });
}

errors("nothing of all this reached the compiler", () => {
  assert.equal(readdirSync(directory), []);
});

errors("the place is that of the file in which the function was written", () => {
  const fn = njit((x: number) => {
    return x + Number.parseFloat("1");
  });
  const { location } = assertThrows(() => fn(1), { code: "ERR_NJIT_UNSUPPORTED" }) as NjitError;
  assert.match(location?.file ?? "", /errors\.test\.js$/);
});

errors("generators", () => {
  const fn = njit(functionOf("function* f(x) { yield x; }"), { params });
  assertThrows(() => fn(1), { code: "ERR_NJIT_UNSUPPORTED", message: "a generator cannot be compiled" });
});

errors("what is no plain function", () => {
  assertThrows(() => njit(Math.sqrt), { code: "ERR_NJIT_UNSUPPORTED" });
  assertThrows(() => njit(((x: number) => x).bind(null)), { code: "ERR_NJIT_UNSUPPORTED" });
  assertThrows(() => njit(class {} as never), { code: "ERR_NJIT_UNSUPPORTED" });
  assertThrows(() => njit(3 as never), { code: "ERR_INVALID_ARG_TYPE", argument: "fn" });
});

errors("wrong options", () => {
  const fn = (x: number): number => x;
  assertThrows(() => njit(fn, null as never), { code: "ERR_INVALID_ARG_TYPE", argument: "options" });
  assertThrows(() => njit(fn, { boundscheck: "yes" as never }), {
    code: "ERR_INVALID_ARG_TYPE",
    argument: "options.boundscheck",
  });
  assertThrows(() => njit(fn, { captures: 1 as never }), {
    code: "ERR_INVALID_ARG_TYPE",
    argument: "options.captures",
  });
});

errors("an NjitError is an Error", () => {
  const error = assertThrows(() => njit((x: number) => x, "f64, f64"), { code: "ERR_NJIT_SIGNATURE" });
  assert.instance(error, NjitError);
  assert.is((error as NjitError).location, undefined);
});

errors.run();
