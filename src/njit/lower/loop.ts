import type * as acorn from "acorn";
import { type Counting, type Expression, type Statement, type Variable, visitExpressions } from "../ir.js";
import type { Context } from "./context.js";
import { lexicalNames } from "./declared.js";
import { assign, expression, roundedQuotient } from "./expression.js";
import { block, declarations, statement } from "./statement.js";

export function whileLoop(
  context: Context,
  node: acorn.WhileStatement,
  label: string | undefined,
): Statement {
  const id = context.nextId();
  return {
    ...plain(id),
    test: expression(context, node.test),
    body: context.within({ id, label, is: "loop" }, () => statement(context, node.body)),
  };
}

export function doLoop(context: Context, node: acorn.DoWhileStatement, label: string | undefined): Statement {
  const id = context.nextId();
  const body = context.within({ id, label, is: "loop" }, () => statement(context, node.body));
  return { ...plain(id), body, test: expression(context, node.test), isTestLast: true };
}

const plain = (id: number) =>
  ({
    op: "loop",
    id,
    init: undefined,
    test: undefined,
    isTestLast: false,
    update: undefined,
    counting: undefined,
    parallel: false,
  }) as const;

export function forLoop(context: Context, node: acorn.ForStatement, label: string | undefined): Statement {
  return context.inBlock(lexicalNames(node.init ? [node.init] : []), () => {
    const id = context.nextId();
    const init = initial(context, node.init);
    const test = node.test ? expression(context, node.test) : undefined;
    const update = node.update ? expression(context, node.update) : undefined;
    const body = context.within({ id, label, is: "loop" }, () => statement(context, node.body));
    const counting = countingOf(init, test, update, body);
    const loop = { ...plain(id), init, update, body };
    const bound = counting && wholeBound(counting);
    if (bound === undefined || test?.op !== "binary") return { ...loop, test, counting };
    const side = test.right === counting?.bound ? "right" : "left";
    return { ...loop, test: { ...test, [side]: bound }, counting: { ...counting, bound } as Counting };
  });
}

function initial(context: Context, init: acorn.ForStatement["init"]): Statement | undefined {
  if (!init) return undefined;
  if (init.type === "VariableDeclaration") return block(declarations(context, init));
  return { op: "evaluate", value: expression(context, init) };
}

const FLIPPED = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

/** Whether it is a loop that counts, and how. */
function countingOf(
  init: Statement | undefined,
  test: Expression | undefined,
  update: Expression | undefined,
  body: Statement,
): Counting | undefined {
  if (test?.op !== "binary" || !(test.name in FLIPPED) || update?.op !== "assign") return undefined;
  const name = test.name as keyof typeof FLIPPED;
  const { variable, value } = update;
  const sides = [
    { counter: test.left, bound: test.right, relation: name },
    { counter: test.right, bound: test.left, relation: FLIPPED[name] },
  ];
  const side = sides.find(({ counter }) => isCounter(counter, variable));
  if (side === undefined || value.op !== "binary" || (value.name !== "+" && value.name !== "-"))
    return undefined;
  if (value.left.op !== "read" || value.left.variable !== variable) return undefined;
  const direction = value.name === "+" ? 1 : -1;
  if ((direction === 1) !== (side.relation === "<" || side.relation === "<=")) return undefined;
  const from = initialValue(init, variable);
  if (from === undefined || isAssigned(variable, body)) return undefined;
  // What it is given by counting lies between where it begins and the bound.
  forget(variable, value);
  const isSquare = side.counter.op === "binary";
  return { variable, from, test: side.relation, bound: side.bound, isSquare, step: value.right, direction };
}

/** How the quotient that a whole number is compared with may be rounded. */
const ROUNDED = { "<": "ceil", "<=": "floor", ">": "floor", ">=": "ceil" } as const;

/** `i < n / 2` of a counter that goes in whole steps from a whole number, as `i < Math.ceil(n / 2)`: an integer's bound. */
function wholeBound({ from, step, test, bound, isSquare }: Counting): Expression | undefined {
  if (isSquare || !isWhole(from) || !isWhole(step)) return undefined;
  return roundedQuotient(ROUNDED[test], bound, bound.site);
}

/** A whole number that is written there. */
const isWhole = (e: Expression | undefined): boolean =>
  e?.op === "one" || (e?.op === "constant" && Number.isSafeInteger(e.value));

function forget(variable: Variable, value: Expression): void {
  const at = variable.values.indexOf(value);
  if (at >= 0) variable.values.splice(at, 1);
}

/** `i`, or `i * i`. */
function isCounter(side: Expression, variable: Variable): boolean {
  if (side.op === "read") return side.variable === variable;
  if (side.op !== "binary" || side.name !== "*") return false;
  const isRead = (factor: Expression): boolean => factor.op === "read" && factor.variable === variable;
  return isRead(side.left) && isRead(side.right);
}

/** What the header gives the counter, if that comes last of what is given to it there. */
function initialValue(init: Statement | undefined, variable: Variable): Expression | undefined {
  let found: Expression | undefined;
  visitExpressions(init, (each) => {
    if (each.op === "assign" && each.variable === variable) found = each.value;
  });
  return found;
}

function isAssigned(variable: Variable, within: Statement): boolean {
  let is = false;
  visitExpressions(within, (each) => {
    if (each.op === "assign" && each.variable === variable) is = true;
  });
  return is;
}

/** `for (const i of prange(n))`. */
export function forOfLoop(
  context: Context,
  node: acorn.ForOfStatement,
  label: string | undefined,
): Statement {
  const { left, right } = node;
  const isPrange =
    right.type === "CallExpression" &&
    right.callee.type === "Identifier" &&
    context.variableOf(right.callee) === undefined &&
    context.meaningOfName(right.callee).is === "prange";
  if (!isPrange || left.type !== "VariableDeclaration") {
    return context.fail(node, "for ... of goes over prange(n) only: for (const i of prange(n))");
  }
  const [target] = left.declarations;
  if (target?.id.type !== "Identifier") return context.fail(left, "expected one name");
  if (left.kind === "var") context.fail(left, "each round has its own: for (const i of prange(n))");
  const { id: name } = target;
  return context.inBlock([name.name], () => {
    const given = right.arguments.map((each) => expression(context, each as acorn.Expression));
    if (given.length < 1 || given.length > 2)
      context.fail(right, "prange takes a length, or a begin and an end");
    const site = context.site(name);
    const id = context.nextId();
    const variable = context.declare(name, "const");
    const from: Expression =
      given.length === 2 ? (given[0] as Expression) : { op: "constant", value: 0, site };
    const bound = given.at(-1) as Expression;
    const read: Expression = { op: "read", variable, site };
    const one: Expression = { op: "one", site };
    const init = { op: "evaluate", value: assign(variable, from, "new", site) } as const;
    const update: Expression = {
      op: "assign",
      variable,
      value: { op: "binary", name: "+", left: read, right: one, site },
      gives: "new",
      site,
    };
    if (update.op === "assign") forget(variable, update.value);
    // One within another is run by the threads that there are.
    const parallel = !context.targets.some(({ is }) => is === "threads");
    const body = context.within({ id, label, is: "threads" }, () => statement(context, node.body));
    return {
      ...plain(id),
      init,
      test: { op: "binary", name: "<", left: read, right: bound, site },
      update,
      body,
      counting: { variable, from, test: "<", bound, isSquare: false, step: one, direction: 1 },
      parallel,
    };
  });
}
