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
 * All arrays of a value, each once.
 *
 * Remembering every object costs several times the rest of the walk. Of a tree none need be remembered, and where
 * every STEP-th one is, no object is walked through more than STEP times, whatever the cycles.
 *
 * @throws if something in it cannot be cloned; `refusal` tells what
 */
export function arraysIn(root: unknown): Set<Memory> {
  const arrays = new Set<Memory>();
  const seen = new Set<object>();
  const pending: unknown[] = [root];
  let visits = 0;
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== "object" || value === null) {
      if (typeof value === "function" || typeof value === "symbol") throw new TypeError(typeof value);
      continue;
    }
    if (seen.has(value)) continue;
    visits++;
    if (visits % STEP === 0) seen.add(value);
    if (pushMembers(value, pending)) arrays.add(value as Memory);
  }
  return arrays;
}

/** Pushes what is in `value`, except for what certainly can be cloned. Whether it has memory instead. */
function pushMembers(value: object, pending: unknown[]): boolean {
  const push = (member: unknown): void => {
    if (isSuspect(member)) pending.push(member);
  };
  switch (shapeOf(value)) {
    case "object":
      for (const key in value) push((value as Record<string, unknown>)[key]);
      return false;
    case "array":
      // With its named properties, which V8 clones too, and without its holes, of which there may be millions.
      for (const member of Object.values(value)) push(member);
      return false;
    case "map":
      Map.prototype.forEach.call(value, (member, key) => {
        push(key);
        push(member);
      });
      return false;
    case "set":
      Set.prototype.forEach.call(value, push);
      return false;
    case "error":
      push((value as Error).cause);
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
 * @param cause Why the value was refused.
 */
export function refusal(root: unknown, cause: unknown): Error {
  const seen = new Set<unknown>();
  const pending: Place[] = [{ value: root, step: "value", within: undefined }];
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
  return refused({ value: root, step: "value", within: undefined }, `cannot be cloned: ${reason}`, cause);
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
