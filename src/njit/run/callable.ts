// biome-ignore-all lint/complexity/noArguments: a rest parameter would be an array made for each call.

import type { Specialisation } from "./specialisation.js";

/**
 * The version that a call or a signature asked for first. The property is not there before, and never changes: so V8
 * takes it, and what it refers to, for constants where it compiles a caller of one function.
 */
export class Initial {
  declare version?: Specialisation;
}

/** Any other call. */
type Call = (args: readonly unknown[]) => unknown;

/**
 * The function that users call. Where it has few parameters it takes them one by one, and asks how many there were: a rest
 * parameter would be an array made for each call, which costs as much as the call. It is a method, since `new` is nothing
 * for one.
 */
export function callable(parameters: number, initial: Initial, other: Call): (...args: unknown[]) => unknown {
  return (BY_PARAMETERS[parameters] ?? ofAny)(initial, other);
}

const ofAny =
  (initial: Initial, other: Call) =>
  (...args: unknown[]): unknown =>
    initial.version?.accepts(args) ? initial.version.run() : other(args);

const BY_PARAMETERS: readonly (typeof ofAny)[] = [
  ofAny,
  (initial, other) =>
    ({
      call(a: unknown): unknown {
        const { version } = initial;
        return version !== undefined && arguments.length === 1 && version.takes(0, a)
          ? version.run()
          : other(first(arguments.length, [a]));
      },
    }).call,
  (initial, other) =>
    ({
      call(a: unknown, b: unknown): unknown {
        const { version } = initial;
        return version !== undefined && arguments.length === 2 && version.takes(0, a) && version.takes(1, b)
          ? version.run()
          : other(first(arguments.length, [a, b]));
      },
    }).call,
  (initial, other) =>
    ({
      call(a: unknown, b: unknown, c: unknown): unknown {
        const { version } = initial;
        return version !== undefined &&
          arguments.length === 3 &&
          version.takes(0, a) &&
          version.takes(1, b) &&
          version.takes(2, c)
          ? version.run()
          : other(first(arguments.length, [a, b, c]));
      },
    }).call,
  (initial, other) =>
    ({
      call(a: unknown, b: unknown, c: unknown, d: unknown): unknown {
        const { version } = initial;
        return version !== undefined &&
          arguments.length === 4 &&
          version.takes(0, a) &&
          version.takes(1, b) &&
          version.takes(2, c) &&
          version.takes(3, d)
          ? version.run()
          : other(first(arguments.length, [a, b, c, d]));
      },
    }).call,
];

/** As many as were given. */
function first(count: number, args: unknown[]): unknown[] {
  args.length = count;
  return args;
}
