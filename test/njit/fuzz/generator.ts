import { expression, numberExpression } from "./expressions.js";
import { Random } from "./random.js";
import { type Callable, type ScalarSort, Scope } from "./scope.js";
import { statements } from "./statements.js";
import { number, other, type Tree } from "./tree.js";
import { ARRAYS, type ArrayName, NUMBER_ARRAYS } from "./values.js";

export type BoundsMode = "throw" | "js" | "none";

export type Parameter = ScalarSort | "tame" | ArrayName;

/** A function to compile, with those that it calls. */
export interface Program {
  readonly seed: number;
  readonly mode: BoundsMode;
  readonly parameters: readonly Parameter[];
  /** The functions, the main one last; each calls only earlier ones or itself. */
  readonly functions: readonly { readonly name: string; readonly body: Tree }[];
}

/** How often loops that may not end go on. */
const FUEL = { main: 60, helper: 12 };

/** The program of a seed. */
export function generate(seed: number): Program {
  const random = new Random(seed);
  const mode = random.weighted<BoundsMode>([
    [5, "throw"],
    [3, "js"],
    [2, "none"],
  ]);
  const isBig = random.chance(0.25);
  const callables: Callable[] = [];
  const functions: { name: string; body: Tree }[] = [];
  const common: ArrayName[] = random.chance(0.3) ? ["Float32Array"] : ["Float64Array", "Int32Array"];
  const kinds: ArrayName[] = Array.from({ length: random.below(4) }, () =>
    random.pick(random.chance(0.3) ? common : NUMBER_ARRAYS),
  );
  if (isBig) kinds.push("BigInt64Array");
  for (let i = random.chance(0.5) ? 1 + random.below(2) : 0; i > 0; i--) {
    const result: ScalarSort = random.weighted([
      [5, "number" as const],
      [1, "boolean" as const],
      [isBig ? 2 : 0, "bigint" as const],
    ]);
    const parameters: (ScalarSort | ArrayName)[] = ["number"];
    if (random.chance(0.5)) parameters.push("number");
    if (random.chance(0.4) && kinds.length > 0) parameters.push(random.pick(kinds));
    if (isBig && random.chance(0.5)) parameters.push("bigint");
    const name = `h${functions.length}_${seed}`;
    const callable = { name, parameters, result };
    const body = random.chance(0.2)
      ? recursive(random, callable)
      : makeFunction(random, name, parameters, [result], callables, FUEL.helper, 1);
    functions.push({ name, body });
    callables.push(callable);
  }
  const parameters: Parameter[] = ["tame", "number"];
  for (let i = random.below(3); i > 0; i--) parameters.push("number");
  if (random.chance(0.3)) parameters.push("boolean");
  if (isBig) parameters.push("bigint");
  parameters.push(...kinds);
  const results = Array.from({ length: random.chance(0.7) ? 1 : 2 + random.below(2) }, () =>
    random.weighted<ScalarSort>([
      [8, "number"],
      [1, "boolean"],
      [isBig ? 3 : 0, "bigint"],
    ]),
  );
  const name = `f_${seed}`;
  functions.push({ name, body: makeFunction(random, name, parameters, results, callables, FUEL.main, 3) });
  return { seed, mode, parameters, functions };
}

function makeFunction(
  random: Random,
  name: string,
  parameters: readonly Parameter[],
  results: readonly ScalarSort[],
  callables: readonly Callable[],
  fuel: number,
  depth: number,
): Tree {
  const scope = new Scope(random, callables);
  const names = parameters.map((parameter) => {
    if (parameter === "tame") return scope.declare("number", true, true).name;
    if (parameter in ARRAYS) return scope.declareArray(parameter as ArrayName).name;
    return scope.declare(parameter as ScalarSort, random.chance(0.5)).name;
  });
  const give = (): Tree => {
    const values = results.map((sort) => expression(scope, sort, 3));
    const list = values.flatMap((value, i) => (i === 0 ? [value] : [", ", value]));
    return results.length === 1 ? other("return ", ...list, ";\n") : other("return [", ...list, "];\n");
  };
  const early = random.chance(0.2)
    ? other("if (", expression(scope, "boolean", 2), ") {\n", give(), "}\n")
    : other("");
  const first = statements(scope, depth, 5);
  const middle = early;
  const rest = statements(scope, depth, 5);
  const head = `function ${name}(${names.join(", ")}) {\nlet fuel = ${fuel};\n`;
  return other(head, first, middle, rest, give(), "}");
}

/** A function that calls itself, down to 0. */
function recursive(random: Random, { name, parameters, result }: Callable): Tree {
  const scope = new Scope(random, []);
  const names = parameters.map((parameter) =>
    parameter in ARRAYS
      ? scope.declareArray(parameter as ArrayName).name
      : scope.declare(parameter as ScalarSort, true).name,
  );
  const [first = "", ...others] = names;
  const down = number(`(${first} & 7) - 1`);
  const args = parameters
    .slice(1)
    .map((parameter, i) =>
      parameter === "number" ? number(`${others[i]} * 0.5`) : number(others[i] as string),
    );
  const again = other(`${name}(`, down, ...args.flatMap((arg) => [", ", arg]), ")");
  const end = expression(scope, result, 2);
  const combined =
    result === "number"
      ? number("(", again, random.pick([" + ", " * ", " - "]), numberExpression(scope, 2), ")")
      : again;
  return other(
    `function ${name}(${names.join(", ")}) {\nif (!((${first} & 7) > 0)) return `,
    end,
    ";\nreturn ",
    combined,
    ";\n}",
  );
}
