import type * as acorn from "acorn";
import type { Evaluate, Expression, Statement, Variable } from "../ir.js";
import type { Context, Target } from "./context.js";
import { lexicalNames } from "./declared.js";
import { assign, expression, nameOf } from "./expression.js";
import { doLoop, forLoop, forOfLoop, whileLoop } from "./loop.js";

export function statement(context: Context, node: acorn.Statement, label?: string): Statement {
  switch (node.type) {
    case "BlockStatement":
      return context.inBlock(lexicalNames(node.body), () =>
        block(node.body.map((each) => statement(context, each))),
      );
    case "EmptyStatement":
      return block([]);
    case "ExpressionStatement":
      return { op: "evaluate", value: expression(context, node.expression) };
    case "VariableDeclaration":
      return block(declarations(context, node));
    case "IfStatement":
      return {
        op: "if",
        test: expression(context, node.test),
        whenTrue: statement(context, node.consequent),
        otherwise: node.alternate ? statement(context, node.alternate) : undefined,
      };
    case "ForStatement":
      return forLoop(context, node, label);
    case "ForOfStatement":
      return forOfLoop(context, node, label);
    case "WhileStatement":
      return whileLoop(context, node, label);
    case "DoWhileStatement":
      return doLoop(context, node, label);
    case "SwitchStatement":
      return switchStatement(context, node, label);
    case "BreakStatement":
    case "ContinueStatement":
      return jump(context, node);
    case "LabeledStatement":
      return labeled(context, node);
    case "ReturnStatement": {
      const value = node.argument ? expression(context, node.argument) : undefined;
      return { op: "return", value, site: context.site(node) };
    }
    case "ThrowStatement":
      return throwStatement(context, node);
    default:
      return context.fail(node, `a ${nameOf(node.type)} cannot be compiled`);
  }
}

export const block = (body: readonly Statement[], id?: number): Statement => ({ op: "block", body, id });

/** The declarations of one `let`, `const` or `var`. */
export function declarations(context: Context, node: acorn.VariableDeclaration): Statement[] {
  const { kind } = node;
  if (kind !== "var" && kind !== "let" && kind !== "const")
    return context.fail(node, `${kind} cannot be compiled`);
  return node.declarations.flatMap(({ id, init }) => {
    if (id.type === "ArrayPattern" || id.type === "ObjectPattern")
      return destructured(context, id, init, kind);
    if (id.type !== "Identifier") return context.fail(id, "expected a name");
    const value = init ? expression(context, init) : undefined;
    const variable = context.declare(id, kind);
    if (value === undefined) {
      if (kind !== "var") context.undefinedAtFirst.add(variable);
      return [];
    }
    return [declare(context, variable, value, id)];
  });
}

function declare(context: Context, variable: Variable, value: Expression, node: acorn.Node): Statement {
  const made = assign(variable, value, "new", context.site(node));
  return { op: "evaluate", value: made } satisfies Evaluate;
}

/** `const [a, b] = f(x)` and `const { a, b } = f(x)`. */
function destructured(
  context: Context,
  pattern: acorn.ArrayPattern | acorn.ObjectPattern,
  init: acorn.Expression | null | undefined,
  kind: "var" | "let" | "const",
): Statement[] {
  if (!init) return context.fail(pattern, "a pattern needs a value");
  if (pattern.type === "ArrayPattern" && init.type === "ArrayExpression") {
    return severally(context, pattern, init, kind);
  }
  const tuple = context.variable("several", pattern, true);
  const first = declare(context, tuple, expression(context, init), init);
  const read: Expression = { op: "read", variable: tuple, site: context.site(init) };
  const named: [number | string, acorn.Pattern][] =
    pattern.type === "ArrayPattern"
      ? pattern.elements.map((each, i) => [i, each ?? context.fail(pattern, "a pattern with gaps")])
      : pattern.properties.map((each) =>
          each.type === "Property" && each.key.type === "Identifier"
            ? [each.key.name, each.value]
            : context.fail(each, "expected a name"),
        );
  const rest = named.map(([key, target]) => {
    if (target.type !== "Identifier") return context.fail(target, "expected a name");
    const site = context.site(target);
    const variable = context.declare(target, kind);
    return declare(context, variable, { op: "item", tuple: read, key, site }, target);
  });
  return [first, ...rest];
}

/** `let [a, b] = [x, y]`: arrays are possible as well, and no list is made. */
function severally(
  context: Context,
  pattern: acorn.ArrayPattern,
  init: acorn.ArrayExpression,
  kind: "var" | "let" | "const",
): Statement[] {
  if (init.elements.length !== pattern.elements.length) {
    return context.fail(init, `expected ${pattern.elements.length} values`);
  }
  const kept = init.elements.map((each) => {
    if (each === null || each.type === "SpreadElement")
      return context.fail(init, "an array with gaps or ...");
    const variable = context.variable("kept", each, true);
    return { variable, statement: declare(context, variable, expression(context, each), each) };
  });
  const given = pattern.elements.map((target, i) => {
    if (target?.type !== "Identifier") return context.fail(pattern, "expected names");
    const site = context.site(target);
    const { variable } = kept[i] as (typeof kept)[number];
    const value: Expression = { op: "read", variable, site };
    return declare(context, context.declare(target, kind), value, target);
  });
  return [...kept.map(({ statement: first }) => first), ...given];
}

function labeled(context: Context, node: acorn.LabeledStatement): Statement {
  const label = node.label.name;
  if (/^(For|ForOf|While|DoWhile|Switch)Statement$/.test(node.body.type)) {
    return statement(context, node.body, label);
  }
  const id = context.nextId();
  return context.within({ id, label, is: "block" }, () => block([statement(context, node.body)], id));
}

function jump(context: Context, node: acorn.BreakStatement | acorn.ContinueStatement): Statement {
  const isBreak = node.type === "BreakStatement";
  const fits = ({ is, label }: Target): boolean =>
    node.label
      ? label === node.label.name
      : is === "loop" || is === "threads" || (isBreak && is === "switch");
  const target = context.targets.findLast(fits);
  if (target === undefined) return context.fail(node, "there is nothing to leave");
  return { op: isBreak ? "break" : "continue", target: target.id, site: context.site(node) };
}

function switchStatement(
  context: Context,
  node: acorn.SwitchStatement,
  label: string | undefined,
): Statement {
  const id = context.nextId();
  const value = expression(context, node.discriminant);
  const names = node.cases.flatMap(({ consequent }) => lexicalNames(consequent));
  return context.within({ id, label, is: "switch" }, () =>
    context.inBlock(names, () => ({
      op: "switch",
      id,
      value,
      cases: node.cases.map((each) => {
        const test = each.test ? expression(context, each.test) : undefined;
        const body = block(each.consequent.map((inner) => statement(context, inner)));
        // The next case may be where the switch begins.
        context.scope.hide(lexicalNames(each.consequent), "is declared in another case of the switch");
        return { test, body };
      }),
    })),
  );
}

function throwStatement(context: Context, node: acorn.ThrowStatement): Statement {
  const { argument } = node;
  if (
    argument.type === "NewExpression" &&
    argument.callee.type === "Identifier" &&
    argument.arguments.length <= 1
  ) {
    const isOutside = context.variableOf(argument.callee) === undefined;
    const meaning = isOutside ? context.meaningOfName(argument.callee) : undefined;
    const [message] = argument.arguments;
    const text = message?.type === "Literal" ? message.value : undefined;
    if (meaning?.is === "error class" && (message === undefined || typeof text === "string")) {
      return {
        op: "throw",
        error: meaning.error,
        message: text as string | undefined,
        site: context.site(node),
      };
    }
  }
  return context.fail(node, 'only an error with a constant message can be thrown: throw new Error("...")');
}
