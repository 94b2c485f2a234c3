import type * as acorn from "acorn";
import type { Expression, Site, Variable } from "../ir.js";
import { mathFunction, quotientFunction, TRUNCATED_QUOTIENT } from "../math.js";
import { BINARY, type BinaryName } from "../operators.js";
import { call, memberOf } from "./call.js";
import type { Context } from "./context.js";
import type { Meaning } from "./names.js";

/** Equality without conversion: what is compared has one kind here, and `==` means the same. */
const SAME: Readonly<Record<string, BinaryName>> = { "===": "==", "!==": "!=" };

export function expression(context: Context, node: acorn.Expression): Expression {
  const site = context.site(node);
  switch (node.type) {
    case "Literal":
      return literal(context, node, site);
    case "Identifier":
      return identifier(context, node);
    case "ParenthesizedExpression":
      return expression(context, node.expression);
    case "UnaryExpression":
      return unary(context, node, site);
    case "BinaryExpression":
      return binary(context, node, site);
    case "LogicalExpression":
      if (node.operator === "??") context.fail(node, "?? has nothing to do: numbers are never null");
      return {
        op: "logical",
        name: node.operator,
        left: expression(context, node.left),
        right: expression(context, node.right),
        site,
      };
    case "ConditionalExpression":
      return {
        op: "conditional",
        test: expression(context, node.test),
        whenTrue: expression(context, node.consequent),
        otherwise: expression(context, node.alternate),
        site,
      };
    case "UpdateExpression":
      return update(context, node, site);
    case "AssignmentExpression":
      return assignment(context, node, site);
    case "SequenceExpression":
      return { op: "sequence", items: node.expressions.map((each) => expression(context, each)), site };
    case "MemberExpression":
      return member(context, node, site);
    case "CallExpression":
    case "NewExpression":
      return call(context, node, site);
    case "ArrayExpression": {
      const items = node.elements.map((each) => {
        if (each === null || each.type === "SpreadElement") context.fail(node, "an array with gaps or ...");
        return expression(context, each);
      });
      return { op: "list", items, names: undefined, site };
    }
    case "ObjectExpression":
      return object(context, node, site);
    default:
      return context.fail(node, `${nameOf(node.type)} cannot be compiled`);
  }
}

/** "ArrowFunctionExpression" is "arrow function expression" to users. */
export const nameOf = (type: string): string =>
  type.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();

function literal(context: Context, node: acorn.Literal, site: Site): Expression {
  const { value } = node;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") {
    return { op: "constant", value, site };
  }
  if (node.raw === "null") return { op: "constant", value: null, site };
  return context.fail(
    node,
    `${node.raw} cannot be compiled: only numbers, bigints and booleans are values here`,
  );
}

function identifier(context: Context, node: acorn.Identifier): Expression {
  const site = context.site(node);
  const variable = context.variableOf(node);
  if (variable !== undefined) return { op: "read", variable, site };
  return meaningful(context, context.meaningOfName(node), node, node.name);
}

/** What something from outside is as a value. */
function meaningful(context: Context, meaning: Meaning, node: acorn.Node, name: string): Expression {
  const site = context.site(node);
  if (meaning.is === "constant") return { op: "constant", value: meaning.value, site };
  if (meaning.is === "handle") return { op: "handle", of: meaning.of, value: meaning.value, site };
  const captured = context.capturedExpression(meaning, node, name);
  return captured ?? context.fail(node, `${name} (${meaning.is}) is no value that can be used here`);
}

function unary(context: Context, node: acorn.UnaryExpression, site: Site): Expression {
  const { operator } = node;
  if (operator === "typeof" || operator === "void" || operator === "delete") {
    context.fail(node, `${operator} cannot be compiled`);
  }
  const operand = expression(context, node.argument);
  if (operator === "-" && operand.op === "constant" && typeof operand.value === "number") {
    return { op: "constant", value: -operand.value, site };
  }
  // As one constant, so that -(2n ** 63n) can be written.
  if (
    operator === "-" &&
    operand.op === "constant" &&
    typeof operand.value === "bigint" &&
    operand.value > 0n
  ) {
    return { op: "constant", value: -operand.value, site };
  }
  return { op: "unary", name: operator, operand, site };
}

function binary(context: Context, node: acorn.BinaryExpression, site: Site): Expression {
  const name = (SAME[node.operator] ?? node.operator) as BinaryName;
  if (!Object.hasOwn(BINARY, name) || node.left.type === "PrivateIdentifier") {
    context.fail(node, `${node.operator} cannot be compiled`);
  }
  const left = expression(context, node.left);
  const right = expression(context, node.right);
  const isQuotient = left.op === "binary" && left.name === "/";
  if (isQuotient && (name === "|" || name === ">>") && right.op === "constant" && right.value === 0) {
    const args = [left.left, left.right];
    return { op: "math", name: "a quotient", fn: TRUNCATED_QUOTIENT, args, site };
  }
  return { op: "binary", name, left, right, site };
}

function update(context: Context, node: acorn.UpdateExpression, site: Site): Expression {
  const name = node.operator === "++" ? "+" : "-";
  const gives = node.prefix ? "new" : "old";
  const one: Expression = { op: "one", site };
  const { argument } = node;
  if (argument.type === "Identifier") {
    const variable = assignable(context, argument);
    const read: Expression = { op: "read", variable, site: context.site(argument) };
    return assign(variable, { op: "binary", name, left: read, right: one, site }, gives, site);
  }
  return { op: "store", ...place(context, argument), compound: name, value: one, gives, site };
}

function assignment(context: Context, node: acorn.AssignmentExpression, site: Site): Expression {
  const { left, right, operator } = node;
  if (left.type === "ArrayPattern" && operator === "=") return exchange(context, left, right, site);
  if (left.type === "ArrayPattern" || left.type === "ObjectPattern")
    context.fail(left, "a pattern cannot be assigned to");
  const name = operator === "=" ? undefined : (operator.slice(0, -1) as BinaryName);
  const isLogical = operator === "&&=" || operator === "||=";
  if (isLogical && left.type === "Identifier") {
    const variable = assignable(context, left);
    const read: Expression = { op: "read", variable, site: context.site(left) };
    const choice = { op: "logical", name: operator === "&&=" ? "&&" : "||", left: read, site } as const;
    return assign(variable, { ...choice, right: expression(context, right) }, "new", site);
  }
  if (isLogical) context.fail(left, `${operator} is for variables only`);
  if (name !== undefined && !Object.hasOwn(BINARY, name))
    context.fail(node, `${operator} cannot be compiled`);
  if (left.type === "Identifier") {
    const variable = assignable(context, left);
    const value = expression(context, right);
    if (name === undefined) return assign(variable, value, "new", site);
    const read: Expression = { op: "read", variable, site: context.site(left) };
    return assign(variable, { op: "binary", name, left: read, right: value, site }, "new", site);
  }
  const target = place(context, left as acorn.Expression);
  return { op: "store", ...target, compound: name, value: expression(context, right), gives: "new", site };
}

/** `[a, b] = [b, a]`: all values are taken before any is given. */
function exchange(
  context: Context,
  left: acorn.ArrayPattern,
  right: acorn.Expression,
  site: Site,
): Expression {
  const targets = left.elements.map((each) =>
    each?.type === "Identifier"
      ? assignable(context, each)
      : context.fail(left, "expected names in the pattern"),
  );
  if (right.type !== "ArrayExpression" || right.elements.length !== targets.length) {
    context.fail(right, `expected an array of ${targets.length} values`);
  }
  const values = right.elements.map((each) =>
    each === null || each.type === "SpreadElement" ? context.fail(right, "an array with gaps or ...") : each,
  );
  const kept = values.map((value) => context.variable("kept", value, true));
  const keep = values.map((value, i) => assign(kept[i] as Variable, expression(context, value), "new", site));
  const give = targets.map((target, i) =>
    assign(target, { op: "read", variable: kept[i] as Variable, site }, "new", site),
  );
  return { op: "sequence", items: [...keep, ...give], site };
}

function assignable(context: Context, node: acorn.Identifier): Variable {
  const variable = context.variableOf(node);
  if (variable === undefined) {
    context.meaningOfName(node);
    context.fail(node, `${node.name} is from outside: it is a constant here and cannot be assigned to`);
  }
  if (variable.isConst) context.fail(node, `${node.name} is a const`);
  return variable;
}

/** An assignment; what it says of the variable's values is noted. */
export function assign(variable: Variable, value: Expression, gives: "new" | "old", site: Site): Expression {
  variable.values.push(value);
  return { op: "assign", variable, value, gives, site };
}

/** An element that is stored to. */
function place(
  context: Context,
  node: acorn.Expression | acorn.Pattern,
): { array: Expression; indexes: readonly Expression[] } {
  if (node.type !== "MemberExpression" || !node.computed) {
    return context.fail(node, "only variables and elements of arrays can be assigned to");
  }
  return {
    array: expression(context, node.object as acorn.Expression),
    indexes: [expression(context, node.property as acorn.Expression)],
  };
}

function member(context: Context, node: acorn.MemberExpression, site: Site): Expression {
  if (node.computed) {
    const { object: of, property } = node;
    const isShape =
      of.type === "MemberExpression" && !of.computed && (of.property as acorn.Identifier).name === "shape";
    if (isShape) {
      const axis = property.type === "Literal" ? property.value : undefined;
      if (typeof axis !== "number") return context.fail(property, "expected the number of a dimension");
      return { op: "extent", view: expression(context, of.object as acorn.Expression), axis, site };
    }
    const array = expression(context, node.object as acorn.Expression);
    return { op: "load", array, indexes: [expression(context, node.property as acorn.Expression)], site };
  }
  const meaning = memberOf(context, node);
  if (meaning !== undefined)
    return meaningful(context, meaning, node, context.source.slice(node.start, node.end));
  const { name } = node.property as acorn.Identifier;
  const object = expression(context, node.object as acorn.Expression);
  if (name === "length") return { op: "length", array: object, site };
  if (name === "rank" || name === "size") return call(context, node, site);
  if (name === "source" || name === "tag" || name === "index" || name === "status")
    return { op: "status-field", status: object, field: name, site };
  return context.fail(node.property, `.${name} cannot be compiled`);
}

function object(context: Context, node: acorn.ObjectExpression, site: Site): Expression {
  const names: string[] = [];
  const items = node.properties.map((property) => {
    if (property.type !== "Property" || property.computed || property.method || property.kind !== "init") {
      return context.fail(property, "only plain properties can be returned");
    }
    names.push(
      property.key.type === "Identifier" ? property.key.name : String((property.key as acorn.Literal).value),
    );
    return expression(context, property.value);
  });
  return { op: "list", items, names, site };
}

/** A function of Math with its arguments. */
export function mathCall(
  context: Context,
  name: string,
  args: readonly Expression[],
  node: acorn.Node,
): Expression {
  const site = context.site(node);
  const fn = mathFunction(name);
  if (fn === undefined) return context.fail(node, `Math.${name} cannot be compiled`);
  const [least, most] = fn.arity;
  if (args.length < least || args.length > most) {
    const expected = least === most ? String(least) : `at least ${least}`;
    context.fail(node, `Math.${name} takes ${expected} arguments here, not ${args.length}`);
  }
  const [first] = args;
  return (first && roundedQuotient(name, first, site)) ?? { op: "math", name, fn, args, site };
}

/** `Math[name](e)` of a division; undefined if it is none, or another function. */
export function roundedQuotient(name: string, e: Expression, site: Site): Expression | undefined {
  const fn = quotientFunction(name);
  if (fn === undefined || e.op !== "binary" || e.name !== "/") return undefined;
  return { op: "math", name, fn, args: [e.left, e.right], site };
}
