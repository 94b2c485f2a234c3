import { type Expression, isEndless, type Loop, partsOf, type Statement, type Variable } from "../ir.js";

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
  /** What is assigned somewhere before: it has a type, which is enough where nothing gets to. */
  const ever = new Set<Variable>();
  const walk = (e: Expression | undefined, before: ReadonlySet<Variable>): ReadonlySet<Variable> => {
    if (e === undefined) return before;
    switch (e.op) {
      case "read":
        if (variables.has(e.variable) && !before.has(e.variable)) fail(e, e.variable);
        return before;
      case "assign":
        ever.add(e.variable);
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
  /** What has a value at every jump to a target. */
  const [breaks, continues]: [Map<number, Assigned>, Map<number, Assigned>] = [new Map(), new Map()];
  const run = (s: Statement | undefined, before: ReadonlySet<Variable>): Assigned => {
    if (s === undefined) return before;
    switch (s.op) {
      case "evaluate":
        return walk(s.value, before);
      case "return":
        walk(s.value, before);
        return undefined;
      case "throw":
        return undefined;
      case "break":
      case "continue": {
        const jumps = s.op === "break" ? breaks : continues;
        jumps.set(s.target, both(jumps.get(s.target), before));
        return undefined;
      }
      case "if": {
        const after = walk(s.test, before);
        return both(run(s.whenTrue, after), s.otherwise === undefined ? after : run(s.otherwise, after));
      }
      case "block": {
        const after = s.body.reduce<Assigned>((known, each) => {
          const then = run(each, known ?? new Set(ever));
          return known && then;
        }, before);
        return s.id === undefined ? after : both(after, breaks.get(s.id));
      }
      case "loop":
        return both(rounds(s, run(s.init, before) as ReadonlySet<Variable>), breaks.get(s.id));
      case "switch": {
        const begun = walk(s.value, before);
        for (const { test } of s.cases) walk(test, begun);
        // A case is entered from the value, or from the case before.
        const last = s.cases.reduce<Assigned>(
          (known, { body }) => run(body, both(known, begun) ?? begun),
          undefined,
        );
        const hasDefault = s.cases.some(({ test }) => test === undefined);
        return both(both(last, hasDefault ? undefined : begun), breaks.get(s.id));
      }
    }
  };
  /** @returns what has a value when its test is false */
  const rounds = (s: Loop, begun: ReadonlySet<Variable>): Assigned => {
    const first = s.isTestLast ? begun : walk(s.test, begun);
    const after = both(run(s.body, first), continues.get(s.id));
    if (after !== undefined) walk(s.update, after);
    const last = s.isTestLast && after !== undefined ? walk(s.test, after) : after;
    if (isEndless(s)) return undefined;
    return s.isTestLast ? last : first;
  };
  run(body, new Set());
}

/** What has a value after either. */
function both(a: Assigned, b: Assigned): Assigned {
  if (a === undefined || b === undefined) return a ?? b;
  return new Set([...a].filter((each) => b.has(each)));
}
