import { inspect } from "node:util";

/* Errors about what was given to a public function, for every floor. */

/** A TypeError or RangeError about one argument of a public function. */
export interface ArgumentError extends Error {
  /** `"ERR_INVALID_ARG_TYPE"`, `"ERR_INVALID_ARG_VALUE"` or `"ERR_OUT_OF_RANGE"`, as Node's own. */
  readonly code: string;
  /** Name of the argument. */
  readonly argument: string;
  /** The value that was given. */
  readonly received: unknown;
}

/** Short, one line, with the type where the value alone does not tell it. */
function show(value: unknown): string {
  try {
    return describe(value);
  } catch {
    return "an object that cannot be shown"; // It is detached or revoked, or what it has of its own throws.
  }
}

function describe(value: unknown): string {
  if (ArrayBuffer.isView(value)) return `${value.constructor?.name ?? "a view"}(${value.byteLength} bytes)`;
  const text = inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 60 });
  return typeof value === "object" && value !== null
    ? text
    : `${text} (${value === null ? "null" : typeof value})`;
}

function argumentError(error: Error, code: string, argument: string, received: unknown): ArgumentError {
  return Object.assign(error, { code, argument, received });
}

/** The value is of the wrong kind. */
export const invalidType = (argument: string, expected: string, received: unknown): ArgumentError =>
  argumentError(
    new TypeError(`${argument}: expected ${expected}, got ${show(received)}`),
    "ERR_INVALID_ARG_TYPE",
    argument,
    received,
  );

/** The value is of the right kind, but cannot be used for the reason that `problem` gives. */
export const invalidValue = (argument: string, problem: string, received: unknown): ArgumentError =>
  argumentError(
    new TypeError(`${argument}: ${problem}, got ${show(received)}`),
    "ERR_INVALID_ARG_VALUE",
    argument,
    received,
  );

/** The number is outside of its range, or a length does not match. */
export const outOfRange = (argument: string, expected: string, received: unknown): ArgumentError =>
  argumentError(
    new RangeError(`${argument}: expected ${expected}, got ${show(received)}`),
    "ERR_OUT_OF_RANGE",
    argument,
    received,
  );
