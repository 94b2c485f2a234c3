import type { Program } from "../infer/program.js";
import { type Expression, type Variable, visitExpressions } from "../ir.js";
import { ELEMENTS, type Type } from "../types.js";
import { valueSlot } from "./slots.js";

/*
 * Arrays may share memory, for which a C compiler that is to vectorize a loop tests again and again. So it is tested once:
 * if those that are written share nothing with the others, a body runs that C is told so (restrict).
 */

/** Which arrays are to be apart, and how that is tested. */
export interface Apart {
  /** The parameters of the entry that nothing else overlaps, if the test holds. */
  readonly parameters: ReadonlySet<Variable>;
  /** In C. */
  readonly test: string;
}

/** @returns undefined if there is nothing to test */
export function apartOf(program: Program, seeds: readonly Type[]): Apart | undefined {
  const { lowered } = program.entry;
  const written = new Set<Variable>();
  visitExpressions(lowered.body, (e) => {
    for (const variable of givenAway(e)) written.add(variable);
  });
  const isArray = (type: Type): boolean => type.kind === "array" || type.kind === "view";
  // One that is given another array in the function is whatever that is.
  const parameters = lowered.parameters.filter(
    (each, i) => isArray(seeds[i] as Type) && each.values.length === 0,
  );
  const tests: string[] = [];
  const all = [...seeds, ...program.captured.types];
  all.forEach((type, i) => {
    for (let j = i + 1; j < all.length; j++) {
      const other = all[j] as Type;
      if (!isArray(type) || !isArray(other)) continue;
      const isCaptured = j >= seeds.length;
      const isWritten = [i, j].some((k) => written.has(lowered.parameters[k] as Variable));
      if (isWritten || isCaptured)
        tests.push(`(${endOf(type, i)} <= ${beginOf(j)} || ${endOf(other, j)} <= ${beginOf(i)})`);
    }
  });
  if (tests.length === 0 || tests.length > MOST || parameters.length === 0) return undefined;
  return { parameters: new Set(parameters), test: tests.join(" && ") };
}

/** More tests than this cost more than they save. */
const MOST = 45;

const beginOf = (i: number): string => `c[${valueSlot(i)}].f`;

function endOf(type: Type, i: number): string {
  const { bytes } = ELEMENTS[(type as Extract<Type, { kind: "array" | "view" }>).element];
  return `c[${valueSlot(i)}].f + ${bytes} * c[${valueSlot(i) + 1}].f`;
}

/** The array variables that an expression writes to, or hands to something that may. */
function givenAway(e: Expression): Variable[] {
  const variables = (parts: readonly (Expression | undefined)[]): Variable[] =>
    parts.flatMap((part) => (part?.op === "read" ? [part.variable] : []));
  switch (e.op) {
    case "store":
    case "array-call":
    case "make-view":
      return variables([e.array]);
    case "assign":
      return variables([e.value]);
    case "conditional":
      return variables([e.whenTrue, e.otherwise]);
    case "call":
    case "mpi":
      return variables(e.args);
    default:
      return [];
  }
}
