import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { NjitError, type NjitErrorCode, nd, njit, prange } from "../../src/njit/index.js";
import { assertThrows } from "../harness/assert.js";
import "./cache.js";
import { functionOf } from "./text.js";

// What cannot be compiled is an error that shows the place, before any compiler runs.

const errors = suite("njit: errors");

const directory = mkdtempSync(join(tmpdir(), "typed-mpi-njit-errors-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
const params = { cache: { cacheDir: directory } };

/** What is outside of the functions. */
const captures = { outer: 7, nd, prange };

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
  ...(
    [
      ["a number in a switch of a boolean", "x > 1", "1", 2, "bool is never the same as int"],
      ["a boolean in a switch of a number", "x", "true", 2, "f64 is never the same as bool"],
      ["a number in a switch of a bigint", "x", "1", 1n, "do not mix"],
      ["a bigint in a switch of a number", "x", "1n", 1, "do not mix"],
      ["null in a switch of a number", "x", "null", 0, "expected a number for case, got null"],
    ] as const
  ).map(([name, value, test, arg, message]) => ({
    name,
    text: `(x) => {\n  switch (${value}) { case «${test}»: return 1; default: return 0; }\n}`,
    args: [arg],
    code: "ERR_NJIT_TYPE" as const,
    message,
  })),
  ...[
    "(x) => { const a = x + «outer»; const outer = 3; return a + outer; }",
    "(x) => { for (let i = 0; i < x; i++) { x += «outer»; let outer = 3; } return x; }",
    "(x) => { for (let outer = «outer»; outer < x; outer++); return x; }",
    "(x) => { «outer» = 3; let outer = x; return outer; }",
    "(x) => { const a = «outer»(x); let outer = 1; return a + outer; }",
    "(x) => { const [a, outer] = [x, «outer»]; return a + outer; }",
    "(x) => { switch (x) { case «outer»: return 1; default: let outer = 2; return outer; } }",
  ].map((text) => ({
    name: `a name that is used before its declaration: ${text.replace(/[«»]/g, "")}`,
    text,
    code: "ERR_NJIT_TYPE" as const,
    message: "outer is used before its declaration",
  })),
  ...[
    "(x) => { switch (x) { case 0: let outer = 1; return outer; case 1: return «outer»; default: return 0; } }",
    "(x) => { switch (x) { case 0: const outer = 1; default: x = «outer»; } return x; }",
    "(x) => { switch (x) { case 0: let outer; case 1: «outer» = 1; } return x; }",
  ].map((text) => ({
    name: `a name of another case: ${text.replace(/[«»]/g, "")}`,
    text,
    code: "ERR_NJIT_TYPE" as const,
    message: "outer is declared in another case of the switch",
  })),
  ...[
    "(x) => { let s = 0; for (let i = 0; i < x; i++) { if (i > 0) s += «outer»; var outer = i; } return s; }",
    "(x) => { if (x > 3) { var outer = 2; } return «outer»; }",
    "(x) => { x += «outer»; var outer = 2; return x + outer; }",
    "(x) => { var outer; return «outer»; }",
    "(x) => { «outer» += x; var outer; return outer; }",
    "(x) => { while (x > 1) { if (x > 5) break; var outer = x--; } return «outer»; }",
    "(x) => { do { if (x > 5) continue; var outer = x; } while (x++ < 3); return «outer»; }",
    "(x) => { for (;;) { if (x > 5) break; var outer = x++; } return «outer»; }",
    "(x) => { switch (x) { case 0: var outer = 1; break; case 1: outer = 2; } return «outer»; }",
    "(x) => { done: { if (x > 1) break done; var outer = 1; } return «outer»; }",
    "(x) => { let outer; if (x > 3) return 1; else return 2; return «outer»; }",
    "(x) => { let outer; while (true) { if (x-- < 0) return 1; } return «outer»; }",
    "(x) => { return x; var outer; «outer» += 1; return outer; }",
    "(x) => { let outer; for (let i = 0; i < x; i++) outer = i; return «outer»; }",
  ].map((text) => ({
    name: `a variable that may have no value: ${text.replace(/[«»]/g, "")}`,
    text,
    code: "ERR_NJIT_TYPE" as const,
    message: "outer may have no value yet",
  })),
  {
    name: "prange over a var",
    text: "(x) => { for («var i» of prange(x)); return x; }",
    message: "each round has its own",
  },
  ...["Number.isInteger", "Number.isFinite"].map((test) => ({
    name: `${test} of a boolean`,
    text: `(x) => ${test}(«x > 1»)`,
    code: "ERR_NJIT_TYPE" as const,
    message: `expected a number for ${test}, got bool`,
  })),
  { name: "isNaN of a bigint", text: "(x) => isNaN(«x»)", args: [1n], code: "ERR_NJIT_TYPE" },
  {
    name: "BigInt.asIntN of a number",
    text: "(x) => BigInt.asIntN(64, «x»)",
    code: "ERR_NJIT_TYPE",
    message: "expected a bigint",
  },
  {
    name: "BigInt.asIntN of other widths",
    text: "(x) => «BigInt.asIntN(32, x)»",
    args: [1n],
    message: "64 bits here",
  },
  { name: "BigInt.asUintN", text: "(x) => «BigInt.asUintN»(64, x)", args: [1n] },
  {
    name: "views of five dimensions",
    text: "(x) => nd(x, «[1, 1, 1, 1, 2]»).shape[0]",
    args: [new Float64Array(2)],
    message: "expected from 1 to 4 lengths, got 5",
  },
  {
    name: "views without dimensions",
    text: "(x) => nd(x, «[]»).shape[0]",
    args: [new Float64Array(2)],
    message: "expected from 1 to 4 lengths, got 0",
  },
  {
    name: "||= of an element",
    text: "(x) => { «x[0]» ||= 1; }",
    args: [new Float64Array(2)],
    message: "for variables only",
  },
  { name: "??=", text: "(x) => { «x ??= 1»; return x; }" },
];

for (const { name, text, args = [2], code = "ERR_NJIT_UNSUPPORTED", message = "" } of REFUSED) {
  errors(`${name}: ${code}`, () => {
    const { plain, line, column, width } = marked(text);
    const fn = njit(functionOf(plain, "place/kernel.js"), { params, captures });
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

errors("options that there are none of", () => {
  const fn = (x: number): number => x;
  assertThrows(() => njit(fn, { fastMath: true } as never), {
    code: "ERR_INVALID_ARG_VALUE",
    name: "TypeError",
    argument: "options.fastMath",
    message: 'options.fastMath: there is no such option; did you mean "fastmath"?',
  });
  assertThrows(() => njit(fn, "f64", { nopython: true } as never), {
    code: "ERR_INVALID_ARG_VALUE",
    argument: "options.nopython",
    message: "known are boundscheck, fastmath, captures, comm, tier, parallel, seed, params",
  });
  assertThrows(() => njit(fn, { fastmath: "no" as never }), {
    code: "ERR_INVALID_ARG_TYPE",
    argument: "options.fastmath",
    message: "expected true or false",
  });
});

/** A class of the user. */
class Unstable extends Error {
  readonly code: string = "UNSTABLE";

  constructor(message = "it grows without bound") {
    super(message);
    this.name = "Unstable";
  }
}

errors("a class of the user is thrown itself", () => {
  const fn = njit((x: number) => {
    if (x > 1) throw new Unstable("boo");
    if (x < -1) throw new Unstable();
    return x;
  });
  assert.is(fn(1), 1);
  for (const x of [2, -2]) {
    const [expected, actual] = [fn.js, fn].map((each) => assertThrows(() => each(x), { code: "UNSTABLE" }));
    assert.instance(actual, Unstable);
    assert.is(actual?.message, expected?.message);
  }
});

errors("a number that is no bigint of 64 bits", () => {
  const fn = njit((x: number) => BigInt(x));
  assert.is(fn(2 ** 62), 2n ** 62n);
  assert.is(fn(-(2 ** 63)), -(2n ** 63n));
  for (const x of [2 ** 63, 1e300, -(2 ** 63) - 2048]) {
    assertThrows(() => fn(x), { code: "ERR_OUT_OF_RANGE", name: "RangeError", message: "64 bits" });
  }
});

errors("an NjitError is an Error", () => {
  const error = assertThrows(() => njit((x: number) => x, "f64, f64"), { code: "ERR_NJIT_SIGNATURE" });
  assert.instance(error, NjitError);
  assert.is((error as NjitError).location, undefined);
});

errors.run();
