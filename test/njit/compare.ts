import { inspect } from "node:util";
import * as assert from "uvu/assert";
import type { Compiled } from "../../src/njit/index.js";
import { assertArray, type Numbers } from "../harness/assert.js";
import "./cache.js";

/** A function as the tests call it. */
// biome-ignore lint/suspicious/noExplicitAny: it stands for functions of any arguments.
export type Tested = (...args: any[]) => unknown;

/** What a call came to. */
type Outcome = { readonly value: unknown } | { readonly error: Error & { readonly code?: string } };

function outcomeOf(fn: Tested, args: readonly unknown[]): Outcome {
  try {
    return { value: fn(...args) };
  } catch (error) {
    return { error: error as Error };
  }
}

/**
 * Calls the JavaScript and the compiled function, each with arguments of its own. Both must return the same to the
 * last bit, or throw errors of the same class, code and, without one, message, and leave the same in the arrays.
 * @returns what both returned
 */
export function assertSame(compiled: Compiled<Tested>, make: () => unknown[]): unknown {
  const expected = make();
  const actual = make();
  const wanted = outcomeOf(compiled.js, expected);
  const got = outcomeOf(compiled, actual);
  if ("error" in wanted || "error" in got) {
    if (!("error" in wanted))
      throw Object.assign(new Error("JavaScript threw nothing"), { cause: errorOf(got) });
    if (!("error" in got)) throw new Error(`nothing was thrown, but ${wanted.error.stack}`);
    assert.is(got.error.name, wanted.error.name, got.error.stack);
    assert.is(got.error.code, wanted.error.code, got.error.stack);
    // V8 adds the value: "Invalid typed array length: -1".
    if (wanted.error.code === undefined)
      assert.ok(wanted.error.message.startsWith(got.error.message), got.error.stack);
    return undefined;
  }
  assertValue(got.value, wanted.value);
  for (const [i, array] of expected.entries()) {
    if (ArrayBuffer.isView(array)) assertArray(actual[i] as Numbers, array as unknown as Numbers);
  }
  return wanted.value;
}

const errorOf = (outcome: Outcome): Error | undefined => ("error" in outcome ? outcome.error : undefined);

/** Numbers are compared by Object.is. */
function assertValue(actual: unknown, expected: unknown): void {
  if (Object.is(actual, expected)) return;
  const [a, b] = [actual, expected];
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) {
    throw new Error(`expected ${inspect(expected)}, got ${inspect(actual)}`);
  }
  assert.equal(Object.keys(a), Object.keys(b));
  assert.is(Array.isArray(a), Array.isArray(b));
  for (const key of Object.keys(b)) assertValue(Reflect.get(a, key), Reflect.get(b, key));
}
