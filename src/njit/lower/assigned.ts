import { type Expression, partsOf, type Statement, type Variable } from "../ir.js";

/*
 * Whether each variable that is declared without a value has one wherever it is read: it would be undefined, which is no
 * value here. By Java's rules of definite assignment (JLS 16), but for conditions, which assign nothing.
 */

/** The variables that have a value; undefined where nothing gets to. */
type Assigned = ReadonlySet<Variable> | undefined;

/** @param fail Called with a read of a variable that may have no value. */
export function checkAssigned(
  body: Statement,
  variables: ReadonlySet<Variable>,
  fail: (read: Expression, variable: Variable) => void,
): void {
  if (variables.size === 0) return;
  const walk = (e: Expression | undefined, before: ReadonlySet<Variable>): ReadonlySet<Variable> => {
    if (e === undefined) return before;
    switch (e.op) {
      case "read":
        if (variables.has(e.variable) && !before.has(e.variable)) fail(e, e.variable);
        return before;
      case "assign":
        return new Set([...walk(e.value, before), e.variable]);
      case "logical": {
        const after = walk(e.left, before);
        walk(e.right, after);
        return after;
      }
      case "conditional": {
        const after = walk(e.test, before);
        return both(walk(e.whenTrue, after), walk(e.otherwise, after)) as ReadonlySet<Variable>;
      }
      default:
        return partsOf(e).reduce((known, part) => walk(part, known), before);
    }
  };
  const run = (s: Statement | undefined, before: Assigned): Assigned => {
    if (s === undefined || before === undefined) return before;
    switch (s.op) {
      case "evaluate":
        return walk(s.value, before);
      case "return":
        walk(s.value, before);
        return undefined;
      case "throw":
      case "break":
      case "continue":
        return undefined;
      case "if": {
        const after = walk(s.test, before);
        return both(run(s.whenTrue, after), s.otherwise === undefined ? after : run(s.otherwise, after));
      }
      case "block": {
        const after = s.body.reduce<Assigned>((known, each) => run(each, known), before);
        // Whoever leaves it by a label may do so at its beginning.
        return s.id === undefined ? after : before;
      }
      case "loop": {
        const begun = run(s.init, before) as ReadonlySet<Variable>;
        const tested = s.isTestLast ? begun : walk(s.test, begun);
        const after = run(s.body, tested);
        if (after !== undefined) walk(s.update, after);
        if (s.isTestLast) walk(s.test, after ?? tested);
        return tested;
      }
      case "switch": {
        const after = walk(s.value, before);
        for (const { test, body } of s.cases) {
          walk(test, after);
          run(body, after);
        }
        return after;
      }
    }
  };
  run(body, new Set());
}

/** What has a value after either. */
function both(a: Assigned, b: Assigned): Assigned {
  if (a === undefined || b === undefined) return a ?? b;
  return new Set([...a].filter((each) => b.has(each)));
}
