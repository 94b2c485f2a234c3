import {
  type ArrayCall,
  type Call,
  type Expression,
  type Loop,
  partsOf,
  type Site,
  type Statement,
  type Store,
  type Variable,
  visitExpressions,
} from "../ir.js";

/*
 * Races that can be seen in the source of a `prange`, and of what it calls. Varying is what may differ between rounds: their
 * counter, and what is made of it. Private is memory that a round has for itself: its new arrays, and parts of others that
 * begin where something varying says. Everything else is shared, and may be written at a varying place only.
 */

/** @throws NjitError for MPI, and for elements that each round would write */
export function refuseRaces(body: Statement, counter: Variable): void {
  const given = new Map([[counter, { isVarying: true, isPrivate: false }]]);
  new Work(body, given, undefined, new Set()).check();
}

export function refuse(site: Site, message: string): never {
  throw site.source.error("ERR_NJIT_UNSUPPORTED", message, site.start, site.end);
}

/** Calls `visit` with a statement and all that are in it, the outer ones first. */
export function visitStatements(s: Statement | undefined, visit: (s: Statement) => void): void {
  if (s === undefined) return;
  visit(s);
  switch (s.op) {
    case "if":
      visitStatements(s.whenTrue, visit);
      visitStatements(s.otherwise, visit);
      break;
    case "block":
      for (const each of s.body) visitStatements(each, visit);
      break;
    case "loop":
      visitStatements(s.init, visit);
      visitStatements(s.body, visit);
      break;
    case "switch":
      for (const each of s.cases) visitStatements(each.body, visit);
      break;
  }
}

/** What a round gives a variable: the counter, or the parameter of a function that is called there. */
interface Given {
  readonly isVarying: boolean;
  readonly isPrivate: boolean;
}

/** What a round does: the body of a prange, or of a function that is called there. */
class Work {
  readonly #body: Statement;
  readonly #given: ReadonlyMap<Variable, Given>;
  /** The function, if it is not the one with the prange. */
  readonly #name: string | undefined;
  /** Which functions were checked, for which kinds of arguments. */
  readonly #checked: Set<string>;
  readonly #assigned = new Map<Variable, Expression[]>();
  readonly #loops: readonly Search[];
  /** The loops in which something varying is decided. */
  readonly #searches = new Set<Search>();
  readonly #varying = new Set<Variable>();
  readonly #private: Set<Variable>;

  constructor(
    body: Statement,
    given: ReadonlyMap<Variable, Given>,
    name: string | undefined,
    checked: Set<string>,
  ) {
    this.#body = body;
    this.#given = given;
    this.#name = name;
    this.#checked = checked;
    visitExpressions(body, (e) => {
      if (e.op !== "assign") return;
      this.#assigned.set(e.variable, [...(this.#assigned.get(e.variable) ?? []), e.value]);
    });
    this.#loops = searchesOf(body);
    // All arrays of the round are private until one of their values is not.
    const own = [...this.#assigned.keys()].filter((each) => isArray(each) && !given.has(each));
    this.#private = new Set([...own, ...[...given.keys()].filter((each) => given.get(each)?.isPrivate)]);
    do this.#findVarying();
    while (this.#dropShared());
  }

  /** @throws NjitError */
  check(): void {
    visitExpressions(this.#body, (e) => {
      switch (e.op) {
        case "mpi":
          this.#refuse(e, "MPI cannot be called within prange");
          break;
        case "store":
          this.#checkStore(e);
          break;
        case "array-call":
          this.#checkArrayCall(e);
          break;
        case "call":
          this.#checkCall(e);
          break;
      }
    });
  }

  #refuse({ site }: Expression, message: string): never {
    refuse(site, this.#name === undefined ? message : `${message}: ${this.#name} is called there`);
  }

  #checkStore(e: Store): void {
    if (this.#isPrivate(e.array) || e.indexes.some((index) => this.#isVarying(index))) return;
    this.#refuse(e, "each thread of prange would write the same element");
  }

  #checkArrayCall(e: ArrayCall): void {
    if (e.store !== undefined) this.#checkStore(e.store);
    else if (e.name !== "subarray" && !this.#isPrivate(e.array)) {
      const begin = e.args[1];
      if (begin !== undefined && this.#isVarying(begin)) return;
      this.#refuse(e, "each thread of prange would write the same elements");
    }
  }

  #checkCall({ instance, args }: Call): void {
    if (instance === undefined) return;
    const { parameters, body } = instance.lowered;
    const kinds = args.map((arg) => ({ isVarying: this.#isVarying(arg), isPrivate: this.#isPrivate(arg) }));
    const key = JSON.stringify([instance.id, kinds]);
    if (this.#checked.has(key)) return;
    this.#checked.add(key);
    const given = new Map(parameters.map((parameter, i) => [parameter, kinds[i] as Given]));
    new Work(body, given, instance.name, this.#checked).check();
  }

  /** Finds what varies, for the arrays that are taken for private. */
  #findVarying(): void {
    this.#varying.clear();
    this.#searches.clear();
    for (const [variable, { isVarying }] of this.#given) if (isVarying) this.#varying.add(variable);
    const count = (): number => this.#varying.size + this.#searches.size;
    const isAny = (all: readonly Expression[]): boolean => all.some((each) => this.#isVarying(each));
    let before: number;
    do {
      before = count();
      for (const [variable, values] of this.#assigned) if (isAny(values)) this.#varying.add(variable);
      for (const loop of this.#loops) if (isAny(loop.tests)) this.#searches.add(loop);
    } while (count() > before);
  }

  /** @returns whether an array was taken for private that is not */
  #dropShared(): boolean {
    const shared = [...this.#private].filter((variable) =>
      this.#assigned.get(variable)?.some((value) => !this.#isPrivate(value)),
    );
    for (const each of shared) this.#private.delete(each);
    return shared.length > 0;
  }

  #isVarying(e: Expression): boolean {
    if (e.op === "read") return this.#varying.has(e.variable) || this.#isFound(e, e.variable);
    // What a round has put into its own arrays is not looked at.
    if (e.op === "load" && this.#isPrivate(e.array)) return true;
    if (e.op === "call" && e.args.some((arg) => this.#isPrivate(arg))) return true;
    return partsOf(e).some((part) => this.#isVarying(part));
  }

  /** Whether it is read after a loop that has searched or counted something varying. */
  #isFound(read: Expression, variable: Variable): boolean {
    // A loop that begins with it has it anew.
    if (this.#loops.some(({ begun, reads }) => begun.has(variable) && reads.has(read))) return false;
    return [...this.#searches].some(({ changed, reads }) => changed.has(variable) && !reads.has(read));
  }

  #isPrivate(e: Expression): boolean {
    switch (e.op) {
      case "read":
        return this.#private.has(e.variable);
      case "new-array":
        return true;
      case "assign":
        return this.#isPrivate(e.value);
      case "make-view":
        return this.#isPrivate(e.array);
      case "array-call":
        return this.#isPrivate(e.array) || beginsOf(e).some((begin) => this.#isVarying(begin));
      case "conditional":
        return this.#isPrivate(e.whenTrue) && this.#isPrivate(e.otherwise);
      default:
        return false;
    }
  }
}

const isArray = ({ type }: Variable): boolean => type?.kind === "array" || type?.kind === "view";

/** What says where a part begins. */
function beginsOf({ name, array, args }: ArrayCall): readonly Expression[] {
  if (name !== "subarray") return [];
  const all = array.type?.kind === "view" ? args : args.slice(0, 1);
  return all.flatMap((arg) => (arg.op === "list" ? arg.items.slice(0, 1) : [arg]));
}

/** A loop, as what finds a place: `while (x[k] < y) k++`. */
interface Search {
  /** What decides how often it does something. */
  readonly tests: readonly Expression[];
  readonly changed: ReadonlySet<Variable>;
  /** Those that its header gives their first value. */
  readonly begun: ReadonlySet<Variable>;
  /** The variables that are read in it, where they are. */
  readonly reads: ReadonlySet<Expression>;
}

function searchesOf(body: Statement): Search[] {
  const found: Search[] = [];
  visitStatements(body, (s) => {
    if (s.op === "loop") found.push(searchOf(s));
  });
  return found;
}

function searchOf(loop: Loop): Search {
  const tests: Expression[] = [];
  const changed = new Set<Variable>();
  const begun = new Set<Variable>();
  const reads = new Set<Expression>();
  visitStatements(loop, (s) => {
    if ((s.op === "loop" || s.op === "if") && s.test !== undefined) tests.push(s.test);
    if (s.op === "switch") tests.push(s.value);
  });
  visitExpressions(loop, (e) => {
    if (e.op === "read") reads.add(e);
    if (e.op === "assign") changed.add(e.variable);
    if (e.op === "conditional") tests.push(e.test);
    if (e.op === "logical") tests.push(e.left);
  });
  visitExpressions(loop.init, (e) => {
    if (e.op === "assign") begun.add(e.variable);
  });
  return { tests, changed, begun, reads };
}
