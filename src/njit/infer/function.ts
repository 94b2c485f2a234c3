import {
  type Counting,
  type Expression,
  type Instance,
  isEndless,
  type Loop,
  type Site,
  type Statement,
  type Switch,
  type Variable,
} from "../ir.js";
import {
  COUNTED,
  F64,
  type IntType,
  int,
  isNullable,
  isSame,
  join,
  type Type,
  typeName,
  VOID,
} from "../types.js";
import { infer, truth } from "./expression.js";
import type { Program } from "./program.js";
import { markSign } from "./sign.js";

/** What is known while one function is inferred. */
export class Inference {
  readonly program: Program;
  readonly instance: Instance;
  /** Within the body of a loop that counts, its counter is nearer than elsewhere. */
  readonly nearer: Map<Variable, Type> = new Map();

  constructor(program: Program, instance: Instance) {
    this.program = program;
    this.instance = instance;
  }

  /** @throws NjitError `ERR_NJIT_TYPE` */
  fail(site: Site, message: string): never {
    throw site.source.error("ERR_NJIT_TYPE", message, site.start, site.end);
  }

  /** A variable gets a value. */
  give(variable: Variable, type: Type | undefined, value: Expression | undefined, site: Site): void {
    if (type === undefined) return;
    if (type.kind === "void") this.fail(site, `${variable.name} would get the result of what has none`);
    const joined = join(variable.type, type);
    if (joined === undefined) {
      const before = typeName(variable.type as Type);
      this.fail(site, `${variable.name} is ${before} elsewhere and cannot be ${typeName(type)} as well`);
    }
    const isSigned = type.kind === "int" && type.mayBeNegativeZero;
    if (value !== undefined && isSigned && (joined.kind !== "int" || variable.isSignUsed))
      markSign(this, value);
    this.#set(variable, joined);
  }

  /** A variable changes by a step of this type. */
  count(variable: Variable, by: IntType): void {
    const { up, down } = variable.isCounted;
    variable.isCounted = { up: up || by.high > 0, down: down || by.low < 0 };
    if (variable.type !== undefined) this.#set(variable, variable.type);
  }

  #set(variable: Variable, type: Type): void {
    const counted = withSteps(variable, type);
    if (isSame(variable.type, counted)) return;
    variable.changes++;
    variable.type = variable.changes > PATIENCE ? widened(counted) : counted;
    this.program.change();
  }
}

/** What JavaScript would have to make an object of. */
const UNRETURNED: ReadonlySet<Type["kind"]> = new Set([
  "array",
  "view",
  "comm",
  "request",
  "requests",
  "status",
  "statuses",
  "completion",
] as const);

/** There is room for these between C and JavaScript. */
const MOST_RESULTS = 16;

/** How often the interval of a variable grows before it is widened. */
const PATIENCE = 4;

/** To the next bounds that programs have. */
function widened(type: Type): Type {
  if (type.kind !== "int") return type;
  const high = [2 ** 31 - 1, 2 ** 32 - 1, COUNTED].find((each) => type.high <= each);
  const low = [0, -(2 ** 31), -COUNTED].find((each) => type.low >= each);
  return high === undefined || low === undefined ? F64 : int(low, high, type.mayBeNegativeZero);
}

/** What begins beyond this may be counted to where integers are no longer exact. */
const NEAR_END = COUNTED * 1.5;

/** What is only counted by small steps does not leave what is exact. */
function withSteps(variable: Variable, type: Type): Type {
  const { up, down } = variable.isCounted;
  if (type.kind !== "int") return type;
  if ((up && type.high > NEAR_END) || (down && type.low < -NEAR_END)) return F64;
  const low = down ? Math.min(type.low, -COUNTED) : type.low;
  const high = up ? Math.max(type.high, COUNTED) : type.high;
  return int(low, high, type.mayBeNegativeZero);
}

/** One pass over a function. */
export function inferFunction(program: Program, instance: Instance): void {
  const inference = new Inference(program, instance);
  const { body } = instance.lowered;
  inferStatement(inference, body);
  if (canEnd(body)) {
    const { result, lowered } = instance;
    if (result === undefined) {
      instance.result = VOID;
      program.change();
    } else if (result.kind !== "void") {
      const { syntax } = lowered.source;
      const site = { source: lowered.source, start: syntax.start, end: syntax.start + 1 };
      inference.fail(
        site,
        `${instance.name} returns ${typeName(result)} on some paths and nothing on others`,
      );
    }
  }
}

function inferStatement(inference: Inference, statement: Statement | undefined): void {
  switch (statement?.op) {
    case "evaluate":
      infer(inference, statement.value);
      break;
    case "if":
      truth(inference, statement.test);
      inferStatement(inference, statement.whenTrue);
      inferStatement(inference, statement.otherwise);
      break;
    case "loop":
      inferLoop(inference, statement);
      break;
    case "switch":
      inferSwitch(inference, statement);
      break;
    case "block":
      for (const each of statement.body) inferStatement(inference, each);
      break;
    case "return":
      inferReturn(inference, statement.value, statement.site);
      break;
  }
}

function inferSwitch(inference: Inference, { value, cases }: Switch): void {
  notNull(inference, value, "switch");
  for (const { test, body } of cases) {
    if (test !== undefined) {
      notNull(inference, test, "case");
      // What === cannot compare, a case cannot either.
      infer(inference, { op: "binary", name: "==", left: value, right: test, site: test.site });
    }
    inferStatement(inference, body);
  }
}

function notNull(inference: Inference, e: Expression, forWhat: string): void {
  const type = infer(inference, e);
  if (type !== undefined && isNullable(type))
    inference.fail(e.site, `expected a number for ${forWhat}, got ${typeName(type)}`);
}

function inferLoop(inference: Inference, loop: Loop): void {
  const { counting } = loop;
  inferStatement(inference, loop.init);
  const counted = counting && inferCounting(inference, counting);
  const nearer = counted === "unknown" ? undefined : counted;
  if (loop.test && !loop.isTestLast) truth(inference, loop.test);
  const variable = counting?.variable;
  const outer = variable && inference.nearer.get(variable);
  if (variable && nearer) inference.nearer.set(variable, nearer);
  inferStatement(inference, loop.body);
  if (loop.test && loop.isTestLast) truth(inference, loop.test);
  // The value it counts to is no further than the interval below says.
  if (loop.update && counted !== "unknown") infer(inference, loop.update, nearer !== undefined);
  if (variable) {
    if (outer) inference.nearer.set(variable, outer);
    else inference.nearer.delete(variable);
  }
}

/**
 * The interval of the counter of a loop that counts.
 * @returns What it is within the body; undefined if that is no integer; "unknown" if that is not known yet
 */
function inferCounting(inference: Inference, counting: Counting): Type | "unknown" | undefined {
  const { variable, direction, site } = { ...counting, site: counting.from.site };
  const from = infer(inference, counting.from);
  const bound = infer(inference, counting.bound);
  const step = counting.step.op === "one" ? int(1, 1) : infer(inference, counting.step);
  if (from === undefined || bound === undefined || step === undefined) return "unknown";
  if (from.kind === "i64") return undefined;
  const range = step.kind === "int" && from.kind === "int" ? rangeOf(counting, from, bound, step) : undefined;
  if (range === undefined || from.kind !== "int" || step.kind !== "int") {
    inference.give(variable, F64, undefined, site);
    return undefined;
  }
  const { last } = range;
  const { mayBeNegativeZero } = from;
  const all =
    direction === 1
      ? int(from.low, Math.max(from.high, last + step.high), mayBeNegativeZero)
      : int(Math.min(from.low, last - step.high), from.high, mayBeNegativeZero);
  inference.give(variable, all, undefined, site);
  if (variable.type?.kind !== "int") return undefined;
  return direction === 1
    ? int(from.low, Math.max(from.low, last), mayBeNegativeZero)
    : int(Math.min(from.high, last), from.high, mayBeNegativeZero);
}

/** How far a counter goes within the body; undefined if it may go on beyond what is exact. */
function rangeOf(
  counting: Counting,
  from: IntType,
  bound: Type,
  step: IntType,
): { last: number } | undefined {
  if (step.low < 1) return undefined;
  const { test, direction, isSquare } = counting;
  // Beyond what is exact a counter no longer changes.
  if (direction === 1 ? from.high > NEAR_END : from.low < -NEAR_END) return undefined;
  if (bound.kind !== "int") return step.high <= 1024 ? { last: direction * COUNTED } : undefined;
  const open = test === "<" || test === ">" ? direction : 0;
  const edge = (direction === 1 ? bound.high : bound.low) - open;
  if (!isSquare) return { last: edge };
  return from.low >= 0 && direction === 1 ? { last: Math.floor(Math.sqrt(Math.max(0, edge))) } : undefined;
}

function inferReturn(inference: Inference, value: Expression | undefined, site: Site): void {
  const { instance, program } = inference;
  const type = value === undefined ? VOID : infer(inference, value);
  if (type === undefined) return;
  for (const each of type.kind === "tuple" ? [type, ...type.items] : [type]) {
    if (!UNRETURNED.has(each.kind)) continue;
    inference.fail(site, `${typeName(each)} cannot be returned: numbers and lists of them can`);
  }
  for (const each of value?.op === "list" ? value.items : value === undefined ? [] : [value]) {
    if (each.type?.kind === "int" && each.type.mayBeNegativeZero) markSign(inference, each);
  }
  if (type.kind === "tuple" && type.items.length > MOST_RESULTS) {
    inference.fail(
      site,
      `${type.items.length} results are too many: at most ${MOST_RESULTS} can be returned`,
    );
  }
  const joined = join(instance.result, type);
  if (joined === undefined) {
    const before = typeName(instance.result as Type);
    inference.fail(
      site,
      `${instance.name} returns ${before} elsewhere and cannot return ${typeName(type)} as well`,
    );
  }
  // Where it ends the interval matters to no one but a caller in a recursion, which would widen it without end.
  const general = joined.kind === "int" ? (widened(joined) as Type) : joined;
  if (isSame(instance.result, general)) return;
  instance.result = general;
  program.change();
}

/** Whether what comes after it can be reached. */
function canEnd(statement: Statement): boolean {
  switch (statement.op) {
    case "return":
    case "throw":
    case "break":
    case "continue":
      return false;
    case "if":
      return statement.otherwise === undefined || canEnd(statement.whenTrue) || canEnd(statement.otherwise);
    case "block":
      return statement.body.every(canEnd) || (statement.id !== undefined && leaves(statement, statement.id));
    case "loop":
      return !isEndless(statement) || leaves(statement.body, statement.id);
    case "switch": {
      const { cases, id } = statement;
      const hasDefault = cases.some(({ test }) => test === undefined);
      const last = cases.at(-1);
      return (
        !hasDefault || last === undefined || canEnd(last.body) || cases.some(({ body }) => leaves(body, id))
      );
    }
    default:
      return true;
  }
}

/** Whether there is a break to it. */
function leaves(statement: Statement | undefined, id: number): boolean {
  switch (statement?.op) {
    case "break":
      return statement.target === id;
    case "if":
      return leaves(statement.whenTrue, id) || leaves(statement.otherwise, id);
    case "loop":
      return leaves(statement.body, id);
    case "block":
      return statement.body.some((each) => leaves(each, id));
    case "switch":
      return statement.cases.some(({ body }) => leaves(body, id));
    default:
      return false;
  }
}
