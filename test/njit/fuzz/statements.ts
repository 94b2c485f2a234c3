import {
  assignment,
  bigintExpression,
  booleanExpression,
  call,
  expression,
  hasBigints,
  index,
  numberExpression,
  store,
  truth,
} from "./expressions.js";
import type { ScalarSort, Scope, Target } from "./scope.js";
import { number, other, statement, type Tree } from "./tree.js";
import { ARRAYS, type ArrayName, literal, wildNumber } from "./values.js";

/* Random statements. `depth` is how many more may be within each other. */

type Make = () => Tree;

/** How deep the expressions in statements are. */
const DEPTH = 3;

/** Some statements, one after the other. */
export function statements(scope: Scope, depth: number, most = 4): Tree {
  const count = 1 + scope.random.below(most);
  return other(...Array.from({ length: count }, () => other(anyStatement(scope, depth), "\n")));
}

const block = (scope: Scope, depth: number): Tree =>
  scope.inBlock(() => other("{\n", statements(scope, depth), "}"));

function anyStatement(scope: Scope, depth: number): Tree {
  const { random } = scope;
  const simple: [number, Make][] = [
    [8, () => declaration(scope)],
    [6, () => plain(assignment(scope, "number", DEPTH))],
    [8, () => plain(store(scope, "number", DEPTH))],
    [1, () => plain(assignment(scope, "boolean", DEPTH))],
    [1, () => plain(call(scope, "number", DEPTH))],
    [1, () => fill(scope)],
    [1, () => copy(scope)],
    [1, () => exchange(scope)],
    [1, () => (random.chance(0.2) ? leaving(scope) : declaration(scope))],
  ];
  if (hasBigints(scope)) {
    simple.push(
      [2, () => plain(assignment(scope, "bigint", DEPTH))],
      [2, () => plain(store(scope, "bigint", DEPTH))],
      [2, () => bigintCompound(scope)],
    );
  }
  if (scope.targets.length > 0) simple.push([1, () => jump(scope)]);
  if (depth <= 0) return random.weighted(simple)();
  return random.weighted<Make>([
    [22, () => random.weighted(simple)()],
    [6, () => condition(scope, depth)],
    [9, () => counting(scope, depth)],
    [2, () => fuelled(scope, depth)],
    [2, () => switching(scope, depth)],
    [1, () => labelled(scope, depth)],
    [1, () => localArray(scope)],
    [1, () => statement(block(scope, depth - 1))],
  ])();
}

const plain = (made: Tree | undefined): Tree => (made === undefined ? statement(";") : statement(made, ";"));

function declaration(scope: Scope): Tree {
  const { random } = scope;
  const sorts: [number, ScalarSort][] = [
    [8, "number"],
    [2, "boolean"],
  ];
  if (hasBigints(scope)) sorts.push([2, "bigint"]);
  const sort = random.weighted(sorts);
  const value = expression(scope, sort, DEPTH);
  const isFixed = random.chance(0.4);
  const { name } = scope.declare(sort, isFixed);
  return statement(`${isFixed ? "const" : "let"} ${name} = `, value, ";");
}

function localArray(scope: Scope): Tree {
  const { random } = scope;
  const from = random.chance(0.4) ? scope.array(() => true) : undefined;
  if (from !== undefined) {
    const [begin, end] = [numberExpression(scope, 1), numberExpression(scope, 1)];
    const { name } = scope.declareArray(from.kind);
    const args = random.pick([other(begin), other(begin, ", ", end)]);
    return statement(`const ${name} = ${from.name}.subarray(`, args, ");");
  }
  const kind = random.pick(Object.keys(ARRAYS) as ArrayName[]);
  const length = random.pick([
    () => number(String(4 + random.below(6))),
    () => number("(", numberExpression(scope, 2), " & 7) + 1"),
    () => number("(", numberExpression(scope, 2), ") % 9"),
  ])();
  const { name } = scope.declareArray(kind);
  return statement(`const ${name} = new ${kind}(`, length, ");");
}

function fill(scope: Scope): Tree {
  const { random } = scope;
  const array = scope.array(() => true);
  if (array === undefined) return statement(";");
  const value = array.kind === "BigInt64Array" ? bigintExpression(scope, 2) : numberExpression(scope, 2);
  const more = [other(""), other(", ", numberExpression(scope, 1))];
  if (random.chance(0.5))
    more.push(other(", ", numberExpression(scope, 1), ", ", numberExpression(scope, 1)));
  return statement(`${array.name}.fill(`, value, random.pick(more), ");");
}

function copy(scope: Scope): Tree {
  const array = scope.array(() => true);
  if (array === undefined) return statement(";");
  const from = scope.array((kind) => kind === array.kind) ?? array;
  const part = scope.random.pick(["", ".subarray(1)", ".subarray(0, 2)"]);
  const offset = scope.random.pick([
    () => other(""),
    () => other(", ", number("(", numberExpression(scope, 1), ") & 3")),
    () => other(", ", numberExpression(scope, 1)),
  ])();
  return statement(`${array.name}.set(${from.name}${part}`, offset, ");");
}

/** `[x, y] = [y, x]`. */
function exchange(scope: Scope): Tree {
  const [first, second] = [0, 1].map(() => scope.variable("number", ({ isFixed }) => !isFixed));
  if (first === undefined || second === undefined) return statement(";");
  const [a, b] = [numberExpression(scope, 1), numberExpression(scope, 1)];
  return statement(`[${first.name}, ${second.name}] = [`, a, ", ", b, "];");
}

/** JavaScript stores the lowest 64 bits; what the expression itself gives has more there. */
function bigintCompound(scope: Scope): Tree {
  const array = scope.array((kind) => kind === "BigInt64Array");
  if (array === undefined) return statement(";");
  const at = index(scope, array, 2);
  const operator = scope.random.pick(["+", "-", "*", "&", "|", "^"]);
  return statement(`${array.name}[`, at, `] ${operator}= `, bigintExpression(scope, 2), ";");
}

function leaving(scope: Scope): Tree {
  const test = booleanExpression(scope, 2);
  return statement("if (", test, ") ", statement('throw new Error("stop");'));
}

function jump(scope: Scope): Tree {
  const { random } = scope;
  const fits = ({ is, label }: Target): boolean => is !== "block" || label !== undefined;
  const target = random.pick(scope.targets.filter(fits));
  const isContinue = target.is === "loop" && random.chance(0.5);
  // Without its label only the innermost can be left.
  const nearest = scope.targets.findLast(({ is }) => is === "loop" || (is === "switch" && !isContinue));
  if (target !== nearest && target.label === undefined) return statement(";");
  const isNamed = target !== nearest || (target.label !== undefined && random.chance(0.5));
  const text = `${isContinue ? "continue" : "break"}${isNamed ? ` ${target.label}` : ""};`;
  return statement("if (", truth(scope, 2), ") ", statement(text));
}

function condition(scope: Scope, depth: number): Tree {
  const test = truth(scope, DEPTH);
  const then = block(scope, depth - 1);
  if (scope.random.chance(0.5)) return statement("if (", test, ") ", then);
  return statement("if (", test, ") ", then, " else ", block(scope, depth - 1));
}

function label(scope: Scope): string | undefined {
  return scope.random.chance(0.25) ? scope.name("L") : undefined;
}

const labelText = (name: string | undefined): string => (name === undefined ? "" : `${name}: `);

/** A loop that counts and surely ends. */
function counting(scope: Scope, depth: number): Tree {
  const { random } = scope;
  const name = label(scope);
  return scope.within({ label: name, is: "loop" }, () => {
    const tame = scope.variable("number", ({ isCounter }) => isCounter)?.name;
    const array = scope.array(() => true)?.name;
    const edge = (): string =>
      random.weighted([
        [4, array === undefined ? "6" : `${array}.length`],
        [1, array === undefined ? "5" : `${array}.length - 1`],
        [3, tame ?? "7"],
        [1, `${tame ?? 3} + ${random.below(3)}`],
        [1, `2 * ${tame ?? 3}`],
        [1, `Math.min(${tame ?? 3}, ${array === undefined ? 5 : `${array}.length`})`],
        [2, String(random.below(9))],
        [1, `${random.below(9)}.5`],
      ]);
    const start = (): string =>
      random.weighted([
        [6, "0"],
        [2, "1"],
        [1, "-2"],
        [1, tame ?? "2"],
        [1, "0.5"],
        [1, "-0"],
      ]);
    const { name: i } = scope.declare("number", true, true);
    const [begin, end, step] = [start(), edge(), random.below(3) + 1];
    const up = random.pick([
      `${i}++`,
      `++${i}`,
      `${i} += ${step}`,
      `${i} = ${i} + ${step}`,
      `${i} += (${tame ?? 2} & 3) + 1`,
    ]);
    const down = random.pick([`${i}--`, `${i} -= ${step}`, `--${i}`]);
    const head = random.weighted([
      [6, `let ${i} = ${begin}; ${i} < ${end}; ${up}`],
      [2, `let ${i} = ${begin}; ${i} <= ${end}; ${up}`],
      [1, `let ${i} = ${begin}; ${end} > ${i}; ${up}`],
      [1, `let ${i} = ${begin === "-2" ? 0 : begin}; ${i} * ${i} <= ${end}; ${up}`],
      [2, `let ${i} = ${end} - 1; ${i} >= 0; ${down}`],
      [1, `let ${i} = ${end}; ${i} > ${begin}; ${down}`],
      [1, `let ${i} = ${begin}; ${i} !== ${random.below(3) + 6} && ${i} < 9; ${up}`],
    ]);
    return statement(`${labelText(name)}for (${head}) `, block(scope, depth - 1));
  });
}

/** A loop of any other kind, which is left after some rounds. */
function fuelled(scope: Scope, depth: number): Tree {
  const { random } = scope;
  const name = label(scope);
  return scope.within({ label: name, is: "loop" }, () => {
    const stop = "if (--fuel < 0) break;\n";
    const body = (): Tree => scope.inBlock(() => other(`{\n${stop}`, statements(scope, depth - 1), "}"));
    const test = truth(scope, 2);
    const edge = (): Tree =>
      random.weighted<Make>([
        [2, () => numberExpression(scope, 1)],
        [1, () => number(`${literal(wildNumber(random))} + ${random.below(9) - 4}`)],
        [1, () => number(literal(wildNumber(random)))],
      ])();
    const stepped = (): Tree => {
      const { name: i } = scope.declare("number", true, true);
      const last = random.pick([number("8"), numberExpression(scope, 1)]);
      const by = random.pick(["++", " += 2", "++"]);
      return statement(
        `let ${i} = ${random.below(3)};\nwhile (${i} < `,
        last,
        `) {\n${stop}`,
        statements(scope, depth - 1),
        `${i}${by};\n}`,
      );
    };
    const wild = (): Tree => {
      const [from, to] = [edge(), edge()];
      const { name: i } = scope.declare("number", random.chance(0.7));
      const [relation, update] = random.pick([
        ["<", `${i}++`],
        ["<=", `${i} += 3`],
        [">", `${i}--`],
        [">=", `${i} -= 2`],
        ["<", `${i} *= 2`],
        ["<", `${i} += 0.5`],
        ["<", `${i} += ${scope.variable("number")?.name ?? 1}`],
      ]);
      return statement(
        `${labelText(name)}for (let ${i} = `,
        from,
        `; ${i} ${relation} `,
        to,
        `; ${update}) `,
        body(),
      );
    };
    return random.weighted<Make>([
      [2, () => statement(`${labelText(name)}while (`, test, ") ", body())],
      // The test is outside of the braces.
      [2, () => statement(`${labelText(name)}do `, body(), " while (", test, ");")],
      [5, wild],
      [name === undefined ? 2 : 0, stepped],
    ])();
  });
}

function switching(scope: Scope, depth: number): Tree {
  const { random } = scope;
  const name = label(scope);
  const value = random.chance(0.5)
    ? numberExpression(scope, 2)
    : number("(", numberExpression(scope, 2), ") & 3");
  return scope.within({ label: name, is: "switch" }, () => {
    const count = 1 + random.below(4);
    const otherwise = random.below(count + 2);
    const cases = Array.from({ length: count }, (_, i) => {
      const test = random.chance(0.8) ? number(String(random.below(4))) : numberExpression(scope, 1);
      const head = i === otherwise ? other("default:\n") : other("case ", test, ":\n");
      const end = random.chance(0.6) ? statement("break;") : statement(";");
      return other(head, block(scope, depth - 1), end, "\n");
    });
    return statement(`${labelText(name)}switch (`, value, ") {\n", ...cases, "}");
  });
}

function labelled(scope: Scope, depth: number): Tree {
  const name = scope.name("L");
  return scope.within({ label: name, is: "block" }, () =>
    statement(`${name}: {\n`, statements(scope, depth - 1), "}"),
  );
}
