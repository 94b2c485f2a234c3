import { types } from "node:util";
import { isDetached } from "../buffer/element.js";
import { invalidValue } from "../error.js";
import { shapeOf } from "./classes.js";

/*
 * Whether a value can be cloned. V8 itself would write an instance of a class as a plain object, without a word,
 * and does not say where in the value the function is that it cannot write.
 */

/** What has memory of its own. */
export type Memory = ArrayBufferView | ArrayBuffer;

/** Of so many objects one is remembered. */
const STEP = 8;

/**
 * How deep objects may be nested in each other. V8 reads them by recursion, and needs more of the stack for it than
 * to write them: the default stack holds the reading of 1750 objects at least, Node 20.
 */
const DEEPEST = 1000;

/** Objects are nested in each other deeper than `DEEPEST`. */
class TooDeep extends Error {}

/**
 * All arrays of a value, each once.
 *
 * Remembering every object costs several times the rest of the walk. Of a tree none need be remembered, and where
 * every STEP-th one is, no object is walked through more than STEP times, whatever the cycles. These may then seem
 * deeper than they are: what seems too deep is walked through again, as V8 does.
 *
 * @throws TooDeep; another error if something in it cannot be cloned: `refusal` tells what
 */
export function arraysIn(root: unknown): Set<Memory> {
  try {
    return new Walk(STEP).from(root);
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    return new Walk(1).from(root);
  }
}

/** In the order of V8, for an object is as deep as where it is met first. */
class Walk {
  readonly #step: number;
  readonly #arrays: Set<Memory> = new Set();
  readonly #seen: Set<object> = new Set();
  #visits = 0;
  #depth = 0;

  /** @param step Of so many objects one is remembered. */
  constructor(step: number) {
    this.#step = step;
  }

  from(root: unknown): Set<Memory> {
    this.#visit(root);
    return this.#arrays;
  }

  readonly #visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) {
      if (typeof value === "function" || typeof value === "symbol") throw new TypeError(typeof value);
      return;
    }
    if (this.#seen.has(value)) return;
    this.#visits++;
    if (this.#visits % this.#step === 0) this.#seen.add(value);
    this.#depth++;
    if (this.#depth > DEEPEST) throw new TooDeep();
    if (this.#visitMembers(value)) this.#arrays.add(value as Memory);
    this.#depth--;
  };

  /** Whether `value` has memory instead of members. */
  #visitMembers(value: object): boolean {
    switch (shapeOf(value)) {
      case "object":
        for (const key in value) this.#visit((value as Record<string, unknown>)[key]);
        return false;
      case "array":
        // With its named properties, which V8 clones too, and without its holes, of which there may be millions.
        for (const member of Object.values(value)) this.#visit(member);
        return false;
      case "map":
        Map.prototype.forEach.call(value, (member, key) => {
          this.#visit(key);
          this.#visit(member);
        });
        return false;
      case "set":
        Set.prototype.forEach.call(value, this.#visit);
        return false;
      case "error":
        this.#visit((value as Error).cause);
        return false;
      case "leaf":
        return false;
      case "buffer":
      case "view":
        assertAttached(value as Memory);
        return true;
      default:
        throw new TypeError("not cloneable");
    }
  }
}

const isSuspect = (value: unknown): boolean =>
  (typeof value === "object" && value !== null) || typeof value === "function" || typeof value === "symbol";

function assertAttached(memory: Memory): void {
  if (memory.byteLength === 0 && isDetached(ArrayBuffer.isView(memory) ? memory.buffer : memory)) {
    throw new TypeError("detached");
  }
}

/** A member of a value, and how it is reached. */
interface Place {
  readonly value: unknown;
  /** As in `.name` or `[3]`. */
  readonly step: string;
  readonly within: Place | undefined;
}

/**
 * Looks for what cannot be cloned, now with the path to it.
 * @param name What the value is called in the path.
 * @param cause Why the value was refused.
 */
export function refusal(root: unknown, name: string, cause: unknown): Error {
  const whole: Place = { value: root, step: name, within: undefined };
  if (cause instanceof TooDeep) {
    return refused(whole, `nested more than ${DEEPEST} deep: it could not be read again`, cause);
  }
  const seen = new Set<unknown>();
  const pending: Place[] = [whole];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    const { value } = place;
    if (seen.has(value) || !isSuspect(value)) continue;
    seen.add(value);
    try {
      const what = problemOf(value);
      if (what !== undefined) return refused(place, `${what} cannot be sent: only plain data can`, cause);
    } catch (thrown) {
      return refused(place, "cannot be looked into", thrown);
    }
    for (const [step, read] of membersOf(value as object).reverse()) {
      try {
        pending.push({ value: read(), step, within: place });
      } catch (thrown) {
        return refused({ value: undefined, step, within: place }, "cannot be read", thrown);
      }
    }
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return refused(whole, `cannot be cloned: ${reason}`, cause);
}

function refused(place: Place, problem: string, cause: unknown): Error {
  const steps: string[] = [];
  for (let at: Place | undefined = place; at !== undefined; at = at.within) steps.unshift(at.step);
  return Object.assign(invalidValue(steps.join(""), problem, place.value), { cause });
}

/** What it is, if that is not cloned. */
function problemOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  if (types.isProxy(value)) return "a Proxy";
  const shape = shapeOf(value);
  if (shape === undefined) return `an instance of ${classNameOf(value)}`;
  if (shape !== "buffer" && shape !== "view") return undefined;
  try {
    assertAttached(value as Memory);
    return undefined;
  } catch {
    return "a detached array";
  }
}

function classNameOf(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "an unknown class";
}

/** The members of something that can be cloned itself, by the step that leads to them. */
function membersOf(value: object): [step: string, read: () => unknown][] {
  switch (shapeOf(value)) {
    case "map":
      return [...(value as Map<unknown, unknown>)].flatMap(([key, member], i) => [
        [`.keys()[${i}]`, () => key],
        [typeof key === "string" ? `.get(${JSON.stringify(key)})` : `.values()[${i}]`, () => member],
      ]);
    case "set":
      return Array.from(value as Set<unknown>, (member, i) => [`.values()[${i}]`, () => member]);
    case "error":
      return [[".cause", () => (value as Error).cause]];
    case "object":
    case "array":
      return Object.keys(value).map((key) => [stepTo(key), () => (value as Record<string, unknown>)[key]]);
    default:
      return [];
  }
}

function stepTo(key: string): string {
  if (/^(0|[1-9]\d*)$/.test(key)) return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
