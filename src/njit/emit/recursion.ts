import type { Program } from "../infer/program.js";
import { type Instance, visitExpressions } from "../ir.js";
import type { Emitter } from "./emitter.js";

/* Functions that call themselves: what is too deep for the stack is an error, as in JavaScript, and not the end of the process. */

const found = new WeakMap<Program, ReadonlySet<Instance>>();

/** Those of a program that come to call themselves. */
function recursiveOf(program: Program): ReadonlySet<Instance> {
  let known = found.get(program);
  if (known === undefined) {
    const callees = new Map(program.instances.map((each) => [each, calleesOf(each)]));
    known = new Set(program.instances.filter((each) => reaches(each, each, callees, new Set())));
    found.set(program, known);
  }
  return known;
}

function calleesOf(instance: Instance): Instance[] {
  const callees: Instance[] = [];
  visitExpressions(instance.lowered.body, (e) => {
    if (e.op === "call" && e.instance !== undefined) callees.push(e.instance);
  });
  return callees;
}

function reaches(
  from: Instance,
  to: Instance,
  callees: ReadonlyMap<Instance, readonly Instance[]>,
  seen: Set<Instance>,
): boolean {
  return (callees.get(from) ?? []).some((each) => {
    if (each === to) return true;
    if (seen.has(each)) return false;
    seen.add(each);
    return reaches(each, to, callees, seen);
  });
}

/** Where the stack of a call ends, told from its first frame. */
export const stackEnd = (size: string): string =>
  `c[4].i = (int64_t)(intptr_t)__builtin_frame_address(0) - (int64_t)${size};`;

/** At the beginning of a function that calls itself: whether there is stack left. */
export function emitStackCheck(emitter: Emitter): void {
  const { program, instance, library } = emitter;
  if (!recursiveOf(program).has(instance)) return;
  library.isRecursive = true;
  const { source } = instance.lowered;
  const site = { source, start: source.syntax.start, end: source.syntax.end };
  emitter.say(
    `if (UNLIKELY((int64_t)(intptr_t)__builtin_frame_address(0) < c[4].i)) ${emitter.fail({ is: "stack", site })}`,
  );
}
