// node build/examples/expression.js
//
// Functions from small expression objects: each becomes C++, is compiled once, and is found in the cache from then
// on. An expression may call others, whose libraries it depends on.

import { type Generated, type Jitted, jit } from "typed-mpi/jit";

/** A function of x: `code` in C++, which may call the functions of `uses` by their names. */
interface Expression {
  readonly name: string;
  readonly code: string;
  readonly uses?: readonly Expression[];
}

/** What this run had to generate; nothing when it is started again. */
let generated = 0;

function generate({ name, code, uses = [] }: Expression): Generated {
  generated++;
  const dependencies = uses.map((used) => compile(used).signature);
  return {
    header: `extern "C" double ${name}(double x);\n`,
    source: [
      ...["#include <cmath>", ...dependencies.map((signature) => `#include "${signature}.h"`)],
      `extern "C" double ${name}(double x) { return ${code}; }\n`,
    ].join("\n"),
    dependencies,
  };
}

/** The name tells what the code is made of: two expressions that are equal share a library. */
const compile = (expression: Expression): Jitted =>
  jit(expression, JSON.stringify(expression), undefined, { generate });

const square: Expression = { name: "square", code: "x * x" };
const bell: Expression = { name: "bell", code: "std::exp(-square(x) / 2)", uses: [square] };

const { library, signature } = compile(bell);
const f = library.func("double bell(double x)");
console.log(`bell(0) = ${f(0)}, bell(1) = ${f(1).toFixed(6)}`);
console.log(`generated ${generated}; ${signature} is in ${library.path}`);
