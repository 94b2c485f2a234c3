/*
 * One implementation of what is done both synchronously and asynchronously: a generator of effects, of which
 * a driver performs each in its own way. Only what takes long is an effect; everything else is just done.
 */

/** Something that takes long, in both ways of doing it. */
export interface Effect<Result> {
  readonly sync: () => Result;
  readonly async: () => Result | PromiseLike<Result>;
}

/** Steps that come to a result; `yield*` them, or perform effects, in a generator function. */
export type Steps<Result> = Generator<Effect<unknown>, Result, unknown>;

/** Performs one effect: `const output = yield* perform(effect)`. */
export function* perform<Result>(effect: Effect<Result>): Steps<Result> {
  return (yield effect) as Result;
}

/** Does the steps one after another, blocking. */
export function runSync<Result>(steps: Steps<Result>): Result {
  let step = steps.next();
  while (!step.done) {
    let outcome: unknown;
    try {
      outcome = step.value.sync();
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(outcome);
  }
  return step.value;
}

/** Does the same without blocking the event loop. */
export async function runAsync<Result>(steps: Steps<Result>): Promise<Result> {
  let step = steps.next();
  while (!step.done) {
    let outcome: unknown;
    try {
      outcome = await step.value.async();
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(outcome);
  }
  return step.value;
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** A pause. @param duration In milliseconds. */
export const pause = (duration: number): Effect<void> => ({
  sync: () => void Atomics.wait(never, 0, 0, duration),
  async: () => new Promise((resolve) => setTimeout(resolve, duration)),
});
