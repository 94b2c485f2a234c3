import { NjitError } from "../../../src/njit/error.js";
import { type Argument, argumentsFor, show } from "./arguments.js";
import type { Prepared } from "./batch.js";
import { guarded } from "./reference.js";
import type { AnyArray } from "./values.js";

const FAILURE = "the compiler fails: ";

/** Whether there is nothing that could have been run. */
export const isCompilerFailure = (difference: string): boolean => difference.startsWith(FAILURE);

/** With how many arguments each program is called. */
const CALLS = 8;

/** What a program does: what it returns or throws, and the arrays afterwards. */
interface Outcome {
  readonly result: unknown;
  readonly error: Error | undefined;
  readonly args: readonly Argument[];
}

/** How a compiled program differs from JavaScript; undefined if it does not. */
export function differenceOf({ program, reference, compiled }: Prepared): string | undefined {
  if (compiled instanceof NjitError) return undefined;
  if (compiled instanceof Error) return `${FAILURE}${compiled.stack}`;
  for (let call = 0; call < CALLS; call++) {
    const seed = program.seed * 16 + call;
    const expected = run(argumentsFor(program.parameters, seed), (args) =>
      reference(...args.map((arg) => (isArray(arg) ? guarded(arg, program.mode) : arg))),
    );
    // What is then done is not defined.
    if (program.mode === "none" && expected.error !== undefined && isOutside(expected.error)) continue;
    const actual = run(argumentsFor(program.parameters, seed), (args) => {
      if (!compiled.accepts(args)) throw new TypeError("it does not take these arguments");
      return compiled.run();
    });
    const difference = between(expected, actual);
    if (difference !== undefined) {
      return `${difference}\n  with (${show(argumentsFor(program.parameters, seed))})`;
    }
  }
  return undefined;
}

const isArray = (value: Argument): value is AnyArray => ArrayBuffer.isView(value);

function run(args: Argument[], action: (args: readonly Argument[]) => unknown): Outcome {
  try {
    return { result: action(args), error: undefined, args };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { result: undefined, error, args };
  }
}

const isOutside = ({ message }: Error): boolean => message.includes("outside");

function between(expected: Outcome, actual: Outcome): string | undefined {
  const [wanted, thrown] = [expected, actual].map(({ error }) => nameOf(error));
  if (wanted !== thrown) {
    return `expected ${wanted ?? show([expected.result])}, got ${thrown === undefined ? show([actual.result]) : actual.error?.message}`;
  }
  if (!isSame(expected.result, actual.result)) {
    return `expected ${show([expected.result])}, got ${show([actual.result])}`;
  }
  for (const [i, array] of expected.args.entries()) {
    const other = actual.args[i] as Argument;
    if (!isArray(array) || !isArray(other)) continue;
    const at = Array.from(array as Float64Array).findIndex((each, k) => !isSame(each, other[k]));
    if (at >= 0) {
      return `argument ${i}, element ${at}: expected ${show([array[at]])}, got ${show([other[at]])}`;
    }
  }
  return undefined;
}

/** What kind of error it is: those for indexes have their own words. */
function nameOf(error: Error | undefined): string | undefined {
  if (error === undefined) return undefined;
  return error instanceof RangeError ? "a RangeError" : `${error.name}: ${error.message}`;
}

function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, i) => isSame(each, b[i]));
  }
  return Object.is(a, b);
}
