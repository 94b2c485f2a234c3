import {
  type Assign,
  type Counting,
  type Expression,
  type Loop,
  type Statement,
  type Variable,
  visitExpressions,
} from "../ir.js";
import { isNumber } from "../types.js";
import { type Emitter, lengthOf, shapeOf } from "./emitter.js";
import { value } from "./expression.js";
import { refuse, refuseRaces, visitStatements } from "./races.js";
import { stackEnd } from "./recursion.js";
import { valueSlot } from "./slots.js";

/*
 * `prange`: the rounds of a loop are divided among threads (OpenMP). What a round declares is its own; sums, products and
 * extremes are taken per thread and put together in the end, so that sums may differ from JavaScript's in the last bits;
 * everything else that a round changes would be changed by several threads at once, and is an error.
 */

/** What the parts of the threads are put together by. */
type Reduction = "+" | "*" | "max" | "min";

/** Bytes, of the two megabytes that OpenMP gives a thread at least, unless its environment says less. */
const STACK_OF_THREAD = "1048576";

/** How a loop is divided. */
export interface Threads {
  readonly counting: Counting;
  readonly reductions: ReadonlyMap<Variable, Reduction>;
  readonly own: readonly Variable[];
}

/** A loop is written several times. */
const known = new WeakMap<Loop, Threads>();

/**
 * What the threads of a loop share and what not.
 * @returns undefined if it is run by one thread, since its counter is no integer
 * @throws NjitError for what several threads would change at once
 */
export function threadsOf(emitter: Emitter, s: Loop): Threads | undefined {
  const threads = known.get(s) ?? divided(emitter.instance.lowered.body, s);
  known.set(s, threads);
  const { variable, bound } = threads.counting;
  return variable.type?.kind === "int" && bound.type?.kind === "int" ? threads : undefined;
}

/** @param within The body of the function. */
function divided(within: Statement, { id, body, counting }: Loop): Threads {
  const outside = new Map<Variable, number>();
  const inside = new Map<Variable, number>();
  count(within, outside);
  count(body, inside);
  const isOwn = (variable: Variable): boolean => inside.get(variable) === outside.get(variable);
  const changed = assigned(body);
  const dropped = droppedIn(body);
  const reductions = new Map<Variable, Reduction>();
  for (const [variable, assignments] of changed) {
    if (isOwn(variable)) continue;
    const reduction = reductionOf(variable, assignments);
    const isRead =
      inside.get(variable) !== 2 * assignments.length || assignments.some((each) => !dropped.has(each));
    if (reduction === undefined || isRead) {
      const { site } = assignments[0] as Assign;
      refuse(
        site,
        `${variable.name} is shared by the threads of prange: only sums (+=), products (*=), Math.max and Math.min can be made of it, which are not read there`,
      );
    }
    reductions.set(variable, reduction);
  }
  const { variable } = counting as Counting;
  refuseRaces(body, variable);
  refuseExits(body, id);
  return { counting: counting as Counting, reductions, own: [...changed.keys()].filter(isOwn) };
}

/** How often each variable is read and assigned. */
function count(within: Statement, counts: Map<Variable, number>): void {
  visitExpressions(within, (e) => {
    if (e.op === "read" || e.op === "assign") counts.set(e.variable, (counts.get(e.variable) ?? 0) + 1);
  });
}

function assigned(body: Statement): Map<Variable, Assign[]> {
  const found = new Map<Variable, Assign[]>();
  visitExpressions(body, (e) => {
    if (e.op !== "assign") return;
    const list = found.get(e.variable);
    if (list === undefined) found.set(e.variable, [e]);
    else list.push(e);
  });
  return found;
}

/** The expressions of whose value nothing is made. */
function droppedIn(body: Statement): ReadonlySet<Expression> {
  const dropped = new Set<Expression>();
  const drop = (e: Expression | undefined): void => {
    if (e === undefined) return;
    dropped.add(e);
    if (e.op === "sequence") for (const item of e.items) drop(item);
    if (e.op === "logical") drop(e.right);
    if (e.op === "conditional") for (const branch of [e.whenTrue, e.otherwise]) drop(branch);
  };
  visitStatements(body, (s) => {
    if (s.op === "evaluate") drop(s.value);
    if (s.op === "loop") drop(s.update);
  });
  return dropped;
}

/** How a variable is put together, if all that is assigned to it is of one kind. */
function reductionOf({ type }: Variable, assignments: readonly Assign[]): Reduction | undefined {
  if (type === undefined || !(isNumber(type) || type.kind === "i64")) return undefined;
  const [first, ...others] = assignments.map(operatorOf);
  return others.every((each) => each === first) ? first : undefined;
}

function operatorOf({ variable, value: e }: Assign): Reduction | undefined {
  const isOld = (part: Expression): boolean => part.op === "read" && part.variable === variable;
  if (e.op === "math" && (e.name === "max" || e.name === "min")) {
    return e.args.some(isOld) ? e.name : undefined;
  }
  if (e.op !== "binary") return undefined;
  if (e.name === "-") return isOld(e.left) ? "+" : undefined;
  return (e.name === "+" || e.name === "*") && (isOld(e.left) || isOld(e.right)) ? e.name : undefined;
}

/** Nothing may leave the loop before its end. */
function refuseExits(body: Statement, id: number): void {
  const inside = new Set<number | undefined>();
  visitStatements(body, (s) => {
    if ("id" in s) inside.add(s.id);
  });
  visitStatements(body, (s) => {
    if (s.op === "return") refuse(s.site, "a prange cannot be left by return");
    if (s.op !== "break" && s.op !== "continue") return;
    const isNextRound = s.op === "continue" && s.target === id;
    if (!isNextRound && !inside.has(s.target)) refuse(s.site, `a prange cannot be left by ${s.op}`);
  });
}

/** The clause of OpenMP; its own extremes do not know NaN and -0. */
function clauseOf({ c, type }: Variable, reduction: Reduction): string {
  const isDeclared = type?.kind !== "int" && (reduction === "max" || reduction === "min");
  return ` reduction(${isDeclared ? `njit_${reduction}imum` : reduction}:${c})`;
}

/** The loop for several threads: each has slots of its own, for its failures and new arrays. */
export function emitParallel(
  emitter: Emitter,
  { counting, reductions, own }: Threads,
  body: () => void,
): void {
  const { library, program } = emitter;
  library.hasThreads = true;
  const { variable, from, bound } = counting;
  const begin = emitter.keep(value(emitter, from).int, variable.type as NonNullable<typeof variable.type>);
  const end = emitter.keep(value(emitter, bound).int, variable.type as NonNullable<typeof variable.type>);
  const clauses = [...reductions].map(([each, reduction]) => clauseOf(each, reduction)).join("");
  const slots = valueSlot(program.captured.values.length + emitter.seeds);
  const skip = emitter.name("skip");
  const seed = emitter.name("seed");
  emitter.say(`uint64_t ${seed} = njit_draw(c);`);
  const owned = [variable, ...own].flatMap(namesOf).join(", ");
  emitter.say(`#pragma omp parallel num_threads(njit_threads(c)) private(${owned})`);
  emitter.say(
    `{ slot own[${slots}]; slot *const shared = c; memcpy(own, c, sizeof own); { slot *c = own; c[5].i = 0;`,
  );
  emitter.say(`uint64_t random[2]; njit_seed(random, ${seed}, (uint64_t)omp_get_thread_num());`);
  // The first thread goes on with the stack of the call.
  emitter.say(`if (omp_get_thread_num() > 0) ${stackEnd(STACK_OF_THREAD)}`);
  emitter.say("c[3].i = (int64_t)(intptr_t)random;");
  // A sum that lived on to the calls after the loop would be kept in a register for integers: a quarter slower.
  emitter.say(`#pragma omp for nowait${clauses}`);
  emitter.say(`for (${variable.c} = ${begin}; ${variable.c} < ${end}; ${variable.c}++) {`);
  emitter.escape = `goto ${skip};`;
  const { lines } = emitter.apart(body);
  emitter.escape = undefined;
  // A test in each round would keep the loop from being vectorized.
  const canFail = lines.some((line) => line.includes(`goto ${skip};`));
  if (canFail) emitter.say(`if (UNLIKELY(c[0].f != 0)) goto ${skip};`);
  for (const line of lines) emitter.say(line);
  emitter.say(`${skip}: __attribute__((unused));`);
  emitter.say("}");
  emitter.say("njit_release(c, 0);");
  emitter.say("#pragma omp critical");
  emitter.say("if (c[0].f != 0 && shared[0].f == 0) memcpy(shared, c, 3 * sizeof(slot));");
  emitter.say("} }");
  emitter.say(`if (UNLIKELY(c[0].f != 0)) ${emitter.leave}`);
}

/** The names of a variable in C. */
const namesOf = (variable: Variable): string[] =>
  variable.type?.kind === "array" || variable.type?.kind === "view"
    ? [variable.c, lengthOf(variable), ...shapeOf(variable)]
    : [variable.c];
