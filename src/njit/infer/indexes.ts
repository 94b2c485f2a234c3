import {
  type Binary,
  type Counting,
  type Expression,
  type LoweredFunction,
  type Statement,
  type Variable,
  visitExpressions,
} from "../ir.js";
import type { FunctionSource } from "../source/source.js";

/*
 * Which parameters are used as integers: as an index, in the header of a loop that counts, as a length, a rank or a tag,
 * or in sums and products that become one.
 */

/** @returns Their positions. */
export function indexParameters(
  lowered: LoweredFunction,
  loweredOf: (callee: FunctionSource) => LoweredFunction,
  visited: ReadonlySet<FunctionSource> = new Set(),
): Set<number> {
  const found = new Set<Variable>();
  const loops = countingLoops(lowered.body);
  const demand = (expression: Expression | undefined): void => {
    switch (expression?.op) {
      case "read":
      case "assign":
        demandVariable(expression.variable);
        break;
      case "unary":
      case "convert":
        demand(expression.operand);
        break;
      case "binary":
        if (isShifted(expression)) demand(expression.left);
        if (!["+", "-", "*", "%"].includes(expression.name)) break;
        demand(expression.left);
        demand(expression.right);
        break;
      case "conditional":
        demand(expression.whenTrue);
        demand(expression.otherwise);
        break;
      case "math":
        if (!ROUNDING.has(expression.name)) break;
        for (const arg of expression.args) demand(arg);
        break;
      case "sequence":
        demand(expression.items.at(-1));
        break;
      case "list":
        for (const item of expression.items) demand(item);
        break;
    }
  };
  const demandVariable = (variable: Variable): void => {
    if (found.has(variable)) return;
    found.add(variable);
    for (const value of variable.values) demand(value);
  };
  const inside = new Set([...visited, lowered.source]);
  for (const { from, bound, step } of loops) {
    demand(from);
    demand(bound);
    demand(step);
  }
  visitExpressions(lowered.body, (each) => {
    if (each.op === "load" || each.op === "store") for (const index of each.indexes) demand(index);
    else if (each.op === "new-array") demand(each.length);
    else if (each.op === "make-view") for (const length of each.shape) demand(length);
    else if (each.op === "array-call" && each.name === "subarray") for (const arg of each.args) demand(arg);
    else if (each.op === "array-call") for (const arg of each.args.slice(1)) demand(arg);
    else if (each.op === "mpi") {
      each.call.parameters.forEach(({ is }, i) => {
        if (NUMBERS.has(is)) demand(each.args[i]);
      });
    } else if (each.op === "call" && !inside.has(each.callee)) {
      for (const i of indexParameters(loweredOf(each.callee), loweredOf, inside)) demand(each.args[i]);
    }
  });
  return new Set(lowered.parameters.flatMap((parameter, i) => (found.has(parameter) ? [i] : [])));
}

/** `n >> 1` halves integers; `(x * n) >> 0` makes one of what is none. */
const isShifted = ({ name, left, right }: Binary): boolean =>
  (name === ">>" || name === ">>>" || name === "<<") &&
  left.op === "read" &&
  right.op === "constant" &&
  right.value !== 0;

const NUMBERS: ReadonlySet<string> = new Set(["dest", "source", "root", "tag", "any tag"]);

const ROUNDING = new Set(["floor", "ceil", "trunc", "round", "min", "max", "abs", "a quotient"]);

function countingLoops(body: Statement): Counting[] {
  const found: Counting[] = [];
  const walk = (statement: Statement | undefined): void => {
    switch (statement?.op) {
      case "loop":
        if (statement.counting) found.push(statement.counting);
        walk(statement.body);
        break;
      case "if":
        walk(statement.whenTrue);
        walk(statement.otherwise);
        break;
      case "block":
        statement.body.forEach(walk);
        break;
      case "switch":
        for (const each of statement.cases) walk(each.body);
        break;
    }
  };
  walk(body);
  return found;
}
