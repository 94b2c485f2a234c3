import { type Compiler, prepare, textOfProgram } from "./batch.js";
import { differenceOf, isCompilerFailure } from "./compare.js";
import type { Program } from "./generator.js";
import { Random } from "./random.js";
import { type Sort, smaller, thinned } from "./tree.js";

/** How many smaller programs are compiled at a time. */
const BATCH = 24;

/** The smallest program found that still differs, and how. */
export function reduce(
  program: Program,
  difference: string,
  compiler: Compiler,
  until: number = Number.POSITIVE_INFINITY,
): Different {
  const coarse = thin({ program, difference }, compiler, until);
  const finer = reduced(coarse, ["statement"], compiler, until);
  return reduced(finer, ["statement", "number", "boolean", "bigint"], compiler, until);
}

/** How often nothing that is left out at random may be needed after all, before it is done one by one. */
const TRIES = 4;

function thin(given: Different, compiler: Compiler, until: number): Different {
  const random = new Random(given.program.seed);
  let best = given;
  for (let failed = 0; failed < TRIES && performance.now() < until; failed++) {
    const candidates = Array.from({ length: BATCH }, (_, i) => {
      const share = 0.6 / 1.25 ** i;
      const functions = best.program.functions.map(({ name, body }) => ({
        name,
        body: thinned(body, random, share),
      }));
      return { ...best.program, functions: used(functions) };
    });
    const found = firstDifferent(candidates, isCompilerFailure(given.difference), compiler);
    if (found === undefined || sizeOf(found) >= sizeOf(best)) continue;
    best = found;
    failed = -1;
  }
  return best;
}

const sizeOf = ({ program }: Different): number => textOfProgram(program).length;

interface Different {
  readonly program: Program;
  readonly difference: string;
}

function reduced(given: Different, sorts: readonly Sort[], compiler: Compiler, until: number): Different {
  let best = given;
  let from = 0;
  while (performance.now() < until) {
    const candidates = candidatesOf(best.program, sorts, from, BATCH);
    const found = firstDifferent(candidates, isCompilerFailure(given.difference), compiler);
    if (found === undefined) {
      if (candidates.length < BATCH) break;
      from += BATCH;
      continue;
    }
    best = found;
    from = Math.max(0, from - BATCH);
  }
  return best;
}

/** Some of the programs that have a piece less. */
function candidatesOf(program: Program, sorts: readonly Sort[], from: number, count: number): Program[] {
  const found: Program[] = [];
  let at = 0;
  for (const [i, { name, body }] of program.functions.entries()) {
    for (const less of smaller(body, sorts)) {
      if (at++ < from) continue;
      const functions = program.functions.with(i, { name, body: less });
      found.push({ ...program, functions: used(functions) });
      if (found.length === count) return found;
    }
  }
  return found;
}

/** Without the functions that none calls. */
function used(functions: Program["functions"]): Program["functions"] {
  const isUsed = (name: string, i: number): boolean =>
    i === functions.length - 1 ||
    functions.some((other, k) => k > i && textOfProgram({ functions: [other] }).includes(`${name}(`));
  return functions.filter(({ name }, i) => isUsed(name, i));
}

function firstDifferent(
  candidates: readonly Program[],
  isFailure: boolean,
  compiler: Compiler,
): Different | undefined {
  for (const prepared of prepare(candidates.filter(isJavaScript), compiler)) {
    const difference = differenceOf(prepared);
    if (difference !== undefined && isCompilerFailure(difference) === isFailure) {
      return { program: prepared.program, difference };
    }
  }
  return undefined;
}

function isJavaScript(program: Program): boolean {
  try {
    new Function(textOfProgram(program, true));
    return true;
  } catch {
    return false;
  }
}
