import { type Loop, type Statement, visitExpressions } from "../ir.js";
import { int } from "../types.js";
import type { Emitter } from "./emitter.js";
import { value } from "./expression.js";
import { isSteadyIn } from "./hoist.js";

/*
 * Loops that count by steps of which only the run tells how long they are, as those that divide work among ranks:
 * `for (let i = rank; i < n; i += size)`. A C compiler does not know how many rounds they have, and does not vectorize them.
 * So the rounds are counted before.
 */

/** How a loop runs whose rounds are counted. */
export interface Rounds {
  /** The head of the loop in C. */
  readonly head: string;
  /** What sets the counter in each round, and after the last. */
  readonly begin: string;
  readonly end: string;
}

/** @returns undefined for loops that the C compiler knows as well, or that have others in them */
export function roundsOf(emitter: Emitter, s: Loop): Rounds | undefined {
  const { counting, body } = s;
  if (counting === undefined || counting.isSquare || hasLoop(body)) return undefined;
  const { variable, bound, step, test, direction } = counting;
  if (step.op === "one" || step.op === "constant") return undefined;
  // A counter is an integer only if its step is one, of at least 1.
  if (variable.type?.kind !== "int" || bound.type?.kind !== "int") return undefined;
  if (!isSteadyIn(s, step) || !isSteadyIn(s, bound)) return undefined;
  const any = int(0, 1);
  const first = emitter.keep(variable.c, any);
  const by = emitter.keep(value(emitter, step).int, any);
  const last = emitter.keep(value(emitter, bound).int, any);
  const way = direction === 1 ? `${last} - ${first}` : `${first} - ${last}`;
  const open = test === "<" || test === ">" ? way : `${way} + 1`;
  const count = emitter.keep(`${open} > 0 ? (${open} + ${by} - 1) / ${by} : 0`, any);
  const round = emitter.name("round");
  const at = (rounds: string): string =>
    `${variable.c} = ${first} ${direction === 1 ? "+" : "-"} ${rounds} * ${by};`;
  return {
    head: `for (int64_t ${round} = 0; ${round} < ${count}; ${round}++) {`,
    begin: at(round),
    end: at(count),
  };
}

function hasLoop(s: Statement): boolean {
  let has = false;
  visitExpressions(
    s,
    () => {},
    () => {
      has = true;
    },
  );
  return has;
}
