import type { ArrayVariable, ScalarSort, Scope } from "./scope.js";
import { bigint, boolean, number, other, type Tree } from "./tree.js";
import { BIGINTS, literal, wildNumber } from "./values.js";

/* Random expressions. `depth` is how many more operators may be within each other. */

type Make = () => Tree;

const ARITHMETIC = ["+", "-", "*", "/", "%"];
const BITS = ["&", "|", "^", "<<", ">>", ">>>"];
const COMPARISONS = ["<", "<=", ">", ">=", "==", "!=", "===", "!=="];
/** Those that are exact. */
const FUNCTIONS = ["floor", "ceil", "trunc", "round", "abs", "sign", "sqrt", "fround", "clz32"];

export function expression(scope: Scope, sort: ScalarSort, depth: number): Tree {
  if (sort === "number") return numberExpression(scope, depth);
  return sort === "boolean" ? booleanExpression(scope, depth) : bigintExpression(scope, depth);
}

export function numberExpression(scope: Scope, depth: number): Tree {
  const { random } = scope;
  const inner = (): Tree => numberExpression(scope, depth - 1);
  if (depth <= 0 || random.chance(0.12)) return numberLeaf(scope);
  const choices: [number, Make][] = [
    [14, () => number("(", inner(), ` ${random.pick(ARITHMETIC)} `, inner(), ")")],
    [7, () => number("(", inner(), ` ${random.pick(BITS)} `, inner(), ")")],
    [
      3,
      () =>
        number(
          "(",
          inner(),
          random.pick([" | 0", " >>> 0", " & 7", " >> 1", " << 3", " % 5", " * 3", " + 1", " - 1"]),
          ")",
        ),
    ],
    [3, () => number("(", random.pick(["-", "+", "~"]), inner(), ")")],
    [5, () => number(`Math.${random.pick(FUNCTIONS)}(`, inner(), ")")],
    [
      2,
      () =>
        number(
          `Math.${random.pick(["min", "max"])}(`,
          inner(),
          ", ",
          inner(),
          random.chance(0.2) ? number(", ", inner()) : "",
          ")",
        ),
    ],
    [1, () => float(scope, depth)],
    [1, () => number("Math.imul(", inner(), ", ", inner(), ")")],
    [1, () => number("Math.floor(", inner(), " / ", inner(), ")")],
    [1, () => number("((", inner(), " / ", inner(), ") | 0)")],
    [3, () => number("(", truth(scope, depth - 1), " ? ", inner(), " : ", inner(), ")")],
    [2, () => number("(", inner(), random.pick([" && ", " || "]), inner(), ")")],
    [
      1,
      () =>
        number(
          "(",
          booleanExpression(scope, depth - 1),
          random.pick([" + ", " * ", " - ", " | "]),
          inner(),
          ")",
        ),
    ],
    [1, () => number("Number(", random.pick([inner, () => booleanExpression(scope, depth - 1)])(), ")")],
    [1, () => number("(", numberExpression(scope, 1), ", ", inner(), ")")],
    [7, () => load(scope, "number", depth) ?? inner()],
    [2, () => assignment(scope, "number", depth) ?? inner()],
    [2, () => store(scope, "number", depth) ?? inner()],
    [2, () => call(scope, "number", depth) ?? inner()],
  ];
  return random.weighted(choices)();
}

/** What single precision is enough for. */
function float(scope: Scope, depth: number): Tree {
  const inner = (): Tree => number("Math.fround(", numberExpression(scope, depth - 2), ")");
  return number("Math.fround(", inner(), ` ${scope.random.pick(["+", "-", "*", "/", "%"])} `, inner(), ")");
}

function numberLeaf(scope: Scope): Tree {
  const { random } = scope;
  const choices: [number, () => string | undefined][] = [
    [6, () => scope.variable("number")?.name],
    [2, () => scope.variable("number", ({ isCounter }) => isCounter)?.name],
    [1, () => lengthOf(scope.array(() => true))],
    [2, () => literal(wildNumber(random))],
    [2, () => String(random.below(10))],
  ];
  return number(random.weighted(choices)() ?? String(random.below(4)));
}

const lengthOf = (array: ArrayVariable | undefined): string | undefined => array && `${array.name}.length`;

export function booleanExpression(scope: Scope, depth: number): Tree {
  const { random } = scope;
  if (depth <= 0) {
    return boolean(scope.variable("boolean")?.name ?? random.pick(["true", "false"]));
  }
  const inner = (): Tree => booleanExpression(scope, depth - 1);
  const compared = (): Tree => numberExpression(scope, depth - 1);
  const choices: [number, Make][] = [
    [10, () => boolean("(", compared(), ` ${random.pick(COMPARISONS)} `, compared(), ")")],
    [2, () => boolean("(!", truth(scope, depth - 1), ")")],
    [3, () => boolean("(", inner(), random.pick([" && ", " || "]), inner(), ")")],
    [1, () => boolean("(", inner(), random.pick([" === ", " !== "]), inner(), ")")],
    [1, () => boolean(random.pick(["Number.isNaN(", "Number.isFinite("]), compared(), ")")],
    [1, () => boolean("(", truth(scope, depth - 1), " ? ", inner(), " : ", inner(), ")")],
    [1, () => boolean(scope.variable("boolean")?.name ?? "true")],
    [1, () => assignment(scope, "boolean", depth) ?? inner()],
    [1, () => call(scope, "boolean", depth) ?? inner()],
  ];
  if (hasBigints(scope)) {
    const big = (): Tree => bigintExpression(scope, depth - 1);
    choices.push([3, () => boolean("(", big(), ` ${random.pick(COMPARISONS)} `, big(), ")")]);
  }
  return random.weighted(choices)();
}

/** Anything that is true or false as a condition. */
export function truth(scope: Scope, depth: number): Tree {
  const sorts: [number, ScalarSort][] = [
    [6, "boolean"],
    [2, "number"],
  ];
  if (hasBigints(scope)) sorts.push([1, "bigint"]);
  return other(expression(scope, scope.random.weighted(sorts), depth));
}

export const hasBigints = (scope: Scope): boolean => scope.variables.some(({ sort }) => sort === "bigint");

export function bigintExpression(scope: Scope, depth: number): Tree {
  const { random } = scope;
  if (depth <= 0) {
    return bigint(
      (random.chance(0.6) ? scope.variable("bigint")?.name : undefined) ?? `(${random.pick(BIGINTS)}n)`,
    );
  }
  const inner = (): Tree => bigintExpression(scope, depth - 1);
  const choices: [number, Make][] = [
    [6, () => bigint("(", inner(), ` ${random.pick(["+", "-", "*", "&", "|", "^"])} `, inner(), ")")],
    [
      2,
      () =>
        bigint(
          "(",
          inner(),
          ` ${random.pick(["/", "%"])} `,
          random.chance(0.7) ? bigint("(", inner(), " | 1n)") : inner(),
          ")",
        ),
    ],
    [
      1,
      () =>
        bigint(
          "(",
          inner(),
          ` ${random.pick(["<<", ">>"])} (`,
          inner(),
          random.pick([" & 127n))", " % 70n))"]),
        ),
    ],
    [2, () => bigint("(", random.pick(["-", "~"]), inner(), ")")],
    [1, () => bigint("(", truth(scope, depth - 1), " ? ", inner(), " : ", inner(), ")")],
    [1, () => bigint("(", inner(), random.pick([" && ", " || "]), inner(), ")")],
    [3, () => load(scope, "bigint", depth) ?? inner()],
    [1, () => call(scope, "bigint", depth) ?? inner()],
    [1, () => bigint(scope.variable("bigint")?.name ?? "1n")],
  ];
  return random.weighted(choices)();
}

/** An index, within the array most of the time. */
export function index(scope: Scope, array: ArrayVariable, depth: number): Tree {
  const { random } = scope;
  const any = (): string =>
    scope.variable("number", ({ isCounter }) => isCounter)?.name ?? String(random.below(5));
  const [counter, another, nextCounter] = [any(), any(), any()];
  const small = random.below(4);
  const choices: [number, Make][] = [
    [8, () => number(counter)],
    [3, () => number(`${counter} ${random.pick(["+", "-"])} ${random.below(3)}`)],
    [1, () => number(`${array.name}.length - 1 - ${counter}`)],
    [2, () => number(`${counter} * ${nextCounter} + ${another}`)],
    [1, () => number(`(${counter} - ${another}) * ${small}`)],
    [1, () => number(`${random.below(3)} * ${counter} + ${small}`)],
    [2, () => number(`(${counter} * ${random.below(5)} + ${counter}) % ${1 + random.below(8)}`)],
    [3, () => number(String(small))],
    [4, () => number("(", numberExpression(scope, depth - 1), ") & 3")],
    [1, () => number("(", numberExpression(scope, depth - 1), `) >>> ${29 + random.below(3)}`)],
    [1, () => number("Math.abs(", numberExpression(scope, depth - 1), `) % ${array.name}.length`)],
    [1, () => number(`Math.floor(${counter} / 2)`)],
    [1, () => number(scope.variable("number")?.name ?? "0")],
    [1, () => assignment(scope, "number", 1) ?? number("0")],
    [1, () => numberExpression(scope, Math.min(1, depth - 1))],
  ];
  return random.weighted(choices)();
}

const holds = (sort: ScalarSort) => (kind: string) => (kind === "BigInt64Array") === (sort === "bigint");

function load(scope: Scope, sort: "number" | "bigint", depth: number): Tree | undefined {
  const array = scope.array(holds(sort));
  if (array === undefined) return undefined;
  return (sort === "number" ? number : bigint)(`${array.name}[`, index(scope, array, depth), "]");
}

/** `x = e`, `x += e`, `x++`, in parentheses. Of bigints only plain ones, since the others would not wrap in JavaScript. */
export function assignment(scope: Scope, sort: ScalarSort, depth: number): Tree | undefined {
  const { random } = scope;
  const variable = scope.variable(sort, ({ isFixed }) => !isFixed);
  if (variable === undefined) return undefined;
  const { name } = variable;
  const value = expression(scope, sort, depth - 1);
  if (sort === "boolean") return boolean(`(${name} = `, value, ")");
  if (sort === "bigint") return bigint(`(${name} = `, value, ")");
  return random.weighted<Make>([
    [4, () => number(`(${name} = `, value, ")")],
    [4, () => number(`(${name} ${random.pick([...ARITHMETIC, ...BITS])}= `, value, ")")],
    [2, () => number(`(${random.pick(["++", "--"])}${name})`)],
    [2, () => number(`(${name}${random.pick(["++", "--"])})`)],
    [1, () => number(`(${name} ${random.pick(["+=", "-="])} ${random.pick([1, 2, 1000, 2000])})`)],
  ])();
}

/** The same for an element of an array. */
export function store(scope: Scope, sort: "number" | "bigint", depth: number): Tree | undefined {
  const { random } = scope;
  const array = scope.array(holds(sort));
  if (array === undefined) return undefined;
  const at = index(scope, array, depth);
  const value = expression(scope, sort, depth - 1);
  if (sort === "bigint") return bigint(`(${array.name}[`, at, "] = ", value, ")");
  return random.weighted<Make>([
    [5, () => number(`(${array.name}[`, at, "] = ", value, ")")],
    [4, () => number(`(${array.name}[`, at, `] ${random.pick([...ARITHMETIC, ...BITS])}= `, value, ")")],
    [1, () => number(`(${array.name}[`, at, `]${random.pick(["++", "--"])})`)],
    [1, () => number(`(${random.pick(["++", "--"])}${array.name}[`, at, "])")],
  ])();
}

export function call(scope: Scope, sort: ScalarSort, depth: number): Tree | undefined {
  const callable = scope.callable(sort);
  if (callable === undefined) return undefined;
  const args = callable.parameters.map((parameter) => {
    if (parameter === "number" || parameter === "boolean" || parameter === "bigint") {
      return expression(scope, parameter, Math.min(2, depth - 1));
    }
    const array = scope.array((kind) => kind === parameter);
    return array && other(array.name);
  });
  if (args.includes(undefined)) return undefined;
  const list = other(...args.flatMap((arg, i) => (i === 0 ? [arg as Tree] : [", ", arg as Tree])));
  return { number, boolean, bigint }[sort](`${callable.name}(`, list, ")");
}
