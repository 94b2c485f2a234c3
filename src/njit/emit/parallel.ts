import {
  type Assign,
  type Counting,
  type Expression,
  type Loop,
  partsOf,
  type Statement,
  type Store,
  type Variable,
  visitExpressions,
} from "../ir.js";
import { type Emitter, lengthOf, shapeOf } from "./emitter.js";
import { value } from "./expression.js";
import { valueSlot } from "./slots.js";

/*
 * `prange`: the rounds of a loop are divided among threads (OpenMP). What a round declares is its own; sums are taken per
 * thread and added up in the end, so that they may differ from JavaScript's in the last bits; everything else that a round
 * changes would be changed by several threads at once, and is an error.
 */

/** How a loop is divided. */
export interface Threads {
  readonly counting: Counting;
  readonly sums: readonly Variable[];
  readonly products: readonly Variable[];
  readonly own: readonly Variable[];
}

/**
 * What the threads of a loop share and what not.
 * @returns undefined if it is run by one thread, since its counter is no integer
 * @throws NjitError for what several threads would change at once
 */
export function threadsOf(emitter: Emitter, s: Loop): Threads | undefined {
  const counting = s.counting as Counting;
  const outside = new Map<Variable, number>();
  const inside = new Map<Variable, number>();
  count(emitter.instance.lowered.body, outside);
  count(s.body, inside);
  const isOwn = (variable: Variable): boolean => inside.get(variable) === outside.get(variable);
  const changed = assigned(s.body);
  const own = [...changed.keys()].filter(isOwn);
  const sums: Variable[] = [];
  const products: Variable[] = [];
  for (const [variable, assignments] of changed) {
    if (isOwn(variable)) continue;
    const operator = reductionOf(variable, assignments);
    if (operator === undefined || (inside.get(variable) as number) !== 2 * assignments.length) {
      const { site } = assignments[0] as Assign;
      refuse(
        site,
        `${variable.name} is shared by the threads of prange: only sums (+=) and products (*=) can be made of it, which are not read there`,
      );
    }
    (operator === "*" ? products : sums).push(variable);
  }
  const isEach = (e: Expression): boolean =>
    (e.op === "read" && (e.variable === counting.variable || own.includes(e.variable))) ||
    partsOf(e).some(isEach);
  visitExpressions(s.body, (e) => {
    if (e.op === "mpi") refuse(e.site, "MPI cannot be called within prange");
    if (e.op === "store" && isShared(e, own) && !e.indexes.some(isEach)) {
      refuse(e.site, "each thread of prange would write the same element");
    }
  });
  refuseExits(s.body, s.id);
  if (counting.variable.type?.kind !== "int" || counting.bound.type?.kind !== "int") return undefined;
  return { counting, sums, products, own };
}

const isShared = (e: Store, own: readonly Variable[]): boolean =>
  e.array.op === "read" && !own.includes(e.array.variable);

function refuse(site: Expression["site"], message: string): never {
  throw site.source.error("ERR_NJIT_UNSUPPORTED", message, site.start, site.end);
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

/** Whether a variable is only added to, or only multiplied. */
function reductionOf(variable: Variable, assignments: readonly Assign[]): "+" | "*" | undefined {
  const operators = assignments.map(({ value: e }) => {
    if (e.op !== "binary" || e.left.op !== "read" || e.left.variable !== variable) return undefined;
    return e.name === "-" ? "+" : e.name;
  });
  const [first] = operators;
  if (first !== "+" && first !== "*") return undefined;
  return operators.every((each) => each === first) ? first : undefined;
}

/** Nothing may leave the loop before its end. */
function refuseExits(body: Statement, id: number): void {
  const walk = (s: Statement | undefined): void => {
    switch (s?.op) {
      case "return":
        refuse(s.site, "a prange cannot be left by return");
        break;
      case "break":
        if (s.target === id) refuse(s.site, "a prange cannot be left by break");
        break;
      case "if":
        walk(s.whenTrue);
        walk(s.otherwise);
        break;
      case "block":
        for (const each of s.body) walk(each);
        break;
      case "loop":
        walk(s.body);
        break;
      case "switch":
        for (const each of s.cases) walk(each.body);
        break;
    }
  };
  walk(body);
}

/** The loop for several threads: each has slots of its own, for its failures and new arrays. */
export function emitParallel(
  emitter: Emitter,
  { counting, sums, products, own }: Threads,
  body: () => void,
): void {
  const { library, program } = emitter;
  library.hasThreads = true;
  const { variable, from, bound } = counting;
  const begin = emitter.keep(value(emitter, from).int, variable.type as NonNullable<typeof variable.type>);
  const end = emitter.keep(value(emitter, bound).int, variable.type as NonNullable<typeof variable.type>);
  const reductions = [
    ...sums.map(({ c }) => ` reduction(+:${c})`),
    ...products.map(({ c }) => ` reduction(*:${c})`),
  ];
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
  emitter.say("c[3].i = (int64_t)(intptr_t)random;");
  // A sum that lived on to the calls after the loop would be kept in a register for integers: a quarter slower.
  emitter.say(`#pragma omp for nowait${reductions.join("")}`);
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
