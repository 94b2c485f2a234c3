import { type Expression, type Instance, type Loop, type Variable, visitExpressions } from "../ir.js";

/*
 * New arrays end with the call of the function that makes them, and those of a loop with the round, if nothing of a round
 * can be seen by the next.
 */

const counts = new WeakMap<Instance, ReadonlyMap<Variable, number> | undefined>();

/** How often each variable is read and assigned; undefined of a function that makes no arrays. */
function countsOf(instance: Instance): ReadonlyMap<Variable, number> | undefined {
  if (!counts.has(instance)) {
    const { uses, makesArrays } = usesIn(instance.lowered.body);
    counts.set(instance, makesArrays ? uses : undefined);
  }
  return counts.get(instance);
}

interface Uses {
  readonly uses: Map<Variable, number>;
  /** The arrays and views that are assigned. */
  readonly assigned: Set<Variable>;
  makesArrays: boolean;
  /** Whether MPI may go on to use an array. */
  hasRequests: boolean;
}

const REQUESTS: readonly unknown[] = ["request", "requests"];

function usesIn(within: Loop["body"]): Uses {
  const found: Uses = { uses: new Map(), assigned: new Set(), makesArrays: false, hasRequests: false };
  visitExpressions(within, (e: Expression) => {
    if (e.op === "new-array") found.makesArrays = true;
    if (REQUESTS.includes(e.type?.kind)) found.hasRequests = true;
    if (e.op !== "read" && e.op !== "assign") return;
    found.uses.set(e.variable, (found.uses.get(e.variable) ?? 0) + 1);
    const kind = e.variable.type?.kind;
    if (e.op === "assign" && (kind === "array" || kind === "view")) found.assigned.add(e.variable);
  });
  return found;
}

/**
 * Whether the new arrays of a round end with it: what names them is not used outside of the loop's body. It has a value
 * wherever it is read (`lower/assigned.ts`), so that it gets one in each round before.
 */
export function endsWithRound(instance: Instance, { body }: Loop): boolean {
  const all = countsOf(instance);
  if (all === undefined) return false;
  const { uses, assigned, makesArrays, hasRequests } = usesIn(body);
  return makesArrays && !hasRequests && [...assigned].every((each) => uses.get(each) === all.get(each));
}
