import type * as acorn from "acorn";
import type { LoweredFunction, Statement } from "../ir.js";
import type { FunctionSource } from "../source/source.js";
import { checkAssigned } from "./assigned.js";
import { type Captured, Context } from "./context.js";
import { lexicalNames, varNames } from "./declared.js";
import { expression } from "./expression.js";
import { block, statement } from "./statement.js";

/**
 * Resolves the names of a function and reduces it to the intermediate representation.
 * @throws NjitError for what cannot be compiled
 */
export function lower(source: FunctionSource, captured: Captured): LoweredFunction {
  const context = new Context(source, captured);
  const { syntax } = source;
  if (syntax.async) context.fail(syntax, "an async function cannot be compiled");
  if (syntax.generator) context.fail(syntax, "a generator cannot be compiled");
  const parameters = syntax.params.map((parameter) => {
    if (parameter.type !== "Identifier") return context.fail(parameter, "a parameter is a plain name here");
    return context.declare(parameter, "let");
  });
  const body: Statement =
    syntax.body.type === "BlockStatement"
      ? functionBody(context, syntax.body)
      : { op: "return", value: expression(context, syntax.body), site: context.site(syntax.body) };
  checkAssigned(body, context.undefinedAtFirst, ({ site }, { name }) => {
    throw source.error("ERR_NJIT_TYPE", `${name} may have no value yet`, site.start, site.end);
  });
  return { source, parameters, variables: context.variables, captures: context.captures, body };
}

function functionBody(context: Context, node: acorn.BlockStatement): Statement {
  for (const name of varNames(node)) {
    // One that is a parameter as well has its value.
    if (context.scope.find(name.name) === undefined)
      context.undefinedAtFirst.add(context.declare(name, "let"));
  }
  context.scope.hide(lexicalNames(node.body), "is used before its declaration");
  return block(node.body.map((each) => statement(context, each)));
}
