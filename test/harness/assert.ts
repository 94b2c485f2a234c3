import { inspect } from "node:util";

/** Anything with a length and numbers or bigints inside. */
export type Numbers = ArrayLike<number> | ArrayLike<bigint>;

/** What an error is expected to say; what is left out is not compared. */
export interface ExpectedError {
  /** Stable code, `"ERR_OUT_OF_RANGE"`. */
  readonly code: string;
  /** `name` of the error, `"RangeError"`. */
  readonly name?: string;
  /** Name of the argument it complains about. */
  readonly argument?: string;
  /** Text that the message contains, or a pattern that it matches. */
  readonly message?: string | RegExp;
}

class AssertionError extends Error {
  override readonly name: string = "AssertionError";
  readonly code: string = "ERR_ASSERTION";
}

/**
 * Same type, same length, same elements. Elements are compared by Object.is, so that NaN equals NaN and -0 is not
 * 0 (uvu's `equal` has both the other way round), or within `tolerance`, relative to the expected value where
 * that is above 1 (a NaN or an infinity still has to be met exactly).
 */
export function assertArray(actual: Numbers, expected: Numbers, tolerance: number = 0): void {
  const actualType = typeName(actual);
  const expectedType = typeName(expected);
  if (actualType !== expectedType)
    fail(`expected ${expectedType}, got ${actualType}`, actual, expected, assertArray);
  if (actual.length !== expected.length) {
    fail(`expected ${expected.length} elements, got ${actual.length}`, actual, expected, assertArray);
  }
  for (let i = 0; i < expected.length; i++) {
    if (same(actual[i], expected[i], tolerance)) continue;
    const message = `element ${i}: expected ${inspect(expected[i])}, got ${inspect(actual[i])}`;
    fail(message, actual, expected, assertArray);
  }
}

/** Calls `fn`, which must throw the expected error, and returns that error. */
export function assertThrows(fn: () => unknown, expected: ExpectedError): Error {
  let result: unknown;
  try {
    result = fn();
  } catch (error) {
    return assertError(error, expected, assertThrows);
  }
  throw located(
    new AssertionError(`expected ${expected.code}, but it returned ${inspect(result)}`),
    assertThrows,
  );
}

/** Awaits `promise`, which must reject with the expected error, and resolves to that error. */
export async function assertRejects(promise: PromiseLike<unknown>, expected: ExpectedError): Promise<Error> {
  let result: unknown;
  try {
    result = await promise;
  } catch (error) {
    return assertError(error, expected, assertRejects);
  }
  throw located(
    new AssertionError(`expected ${expected.code}, but it resolved to ${inspect(result)}`),
    assertRejects,
  );
}

function assertError(error: unknown, expected: ExpectedError, caller: (...args: never[]) => unknown): Error {
  const problem = difference(error, expected);
  if (problem === null && error instanceof Error) return error;
  throw located(new AssertionError(problem ?? "not an Error", { cause: error }), caller);
}

/** What the error says otherwise than expected, or null. */
function difference(error: unknown, expected: ExpectedError): string | null {
  if (!(error instanceof Error)) return `expected an Error, but ${inspect(error)} was thrown`;
  for (const key of ["code", "name", "argument"] as const) {
    const want = expected[key];
    const got: unknown = Reflect.get(error, key);
    if (want !== undefined && got !== want) return `expected ${key} ${inspect(want)}, got ${inspect(got)}`;
  }
  const { message } = expected;
  if (message === undefined) return null;
  const met = typeof message === "string" ? error.message.includes(message) : message.test(error.message);
  return met ? null : `expected the message to contain ${inspect(message)}, got ${inspect(error.message)}`;
}

function same(
  actual: number | bigint | undefined,
  expected: number | bigint | undefined,
  tolerance: number,
): boolean {
  if (Object.is(actual, expected)) return true;
  if (tolerance === 0 || typeof actual !== "number" || typeof expected !== "number") return false;
  return Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected));
}

/** `Float64Array`, `Buffer`, `Array`: the class, since a Buffer and a Uint8Array are not the same answer. */
const typeName = (value: Numbers): string => (value as object).constructor.name;

function fail(
  message: string,
  actual: Numbers,
  expected: Numbers,
  caller: (...args: never[]) => unknown,
): never {
  const text = `${message}\n  actual:   ${inspect(actual)}\n  expected: ${inspect(expected)}`;
  throw located(new AssertionError(text), caller);
}

/** Lets the stack begin where the assertion was called. */
function located(error: Error, caller: (...args: never[]) => unknown): Error {
  Error.captureStackTrace(error, caller);
  return error;
}
