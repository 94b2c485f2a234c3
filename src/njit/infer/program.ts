import type { Instance } from "../ir.js";
import { Captured } from "../lower/context.js";
import { lower } from "../lower/function.js";
import type { FunctionSource } from "../source/source.js";
import { EXACT, F64, type IntType, int, isSame, type Type, VOID } from "../types.js";
import { inferFunction } from "./function.js";
import { indexParameters } from "./indexes.js";

export type BoundsCheck = "throw" | "js" | "none";

/** What is assumed of the numbers that reach an index, a bound or a length. The entry tests it. */
export interface Assumption {
  /** The largest, and without its sign the smallest; lengths of arrays are no larger either. */
  readonly most: number;
  /** Whether such parameters are integers. */
  readonly areIntegers: boolean;
}

/** A function and all that it calls, typed. */
export class Program {
  readonly entry: Instance;
  readonly instances: Instance[] = [];
  readonly captured: Captured;
  readonly boundscheck: BoundsCheck;
  readonly assumption: Assumption;
  /** The parameters of the entry that are assumed to be integers. */
  readonly integers: ReadonlySet<number>;
  /** How many products of integers may be beyond what is exact. */
  overflows = 0;
  #hasChanged = false;

  /** @throws NjitError */
  constructor(
    source: FunctionSource,
    types: readonly Type[],
    boundscheck: BoundsCheck,
    captured: Captured,
    assumption: Assumption,
  ) {
    this.captured = captured;
    this.boundscheck = boundscheck;
    this.assumption = assumption;
    const lowered = lower(source, captured);
    const { most } = assumption;
    this.integers = assumption.areIntegers
      ? indexParameters(lowered, (callee) => this.#loweredOf(callee))
      : new Set();
    const assumed = types.map((type, i) =>
      type.kind === "f64" && this.integers.has(i)
        ? int(most === 2 ** 31 - 1 ? -(2 ** 31) : -most, most)
        : type,
    );
    this.entry = this.#add(source, assumed, lowered);
    this.#solve();
  }

  readonly #lowered = new Map<FunctionSource, ReturnType<typeof lower>>();

  #loweredOf(source: FunctionSource): ReturnType<typeof lower> {
    let lowered = this.#lowered.get(source);
    if (lowered === undefined) {
      lowered = lower(source, this.captured);
      this.#lowered.set(source, lowered);
    }
    return lowered;
  }

  #add(source: FunctionSource, types: readonly Type[], lowered = lower(source, this.captured)): Instance {
    const id = this.instances.length;
    const instance: Instance = { id, name: source.name, lowered, parameterTypes: types, result: undefined };
    lowered.parameters.forEach((parameter, i) => {
      parameter.type = types[i] as Type;
    });
    this.instances.push(instance);
    return instance;
  }

  /** The function for arguments of these types. */
  instanceOf(source: FunctionSource, types: readonly Type[]): Instance {
    const own = this.instances.filter(({ lowered }) => lowered.source === source);
    const general = types.map((type) => generalized(type, own.length > LIMIT));
    const known = own.find(({ parameterTypes }) =>
      parameterTypes.every((each, i) => isSame(each, general[i])),
    );
    if (known !== undefined) return known;
    this.change();
    return this.#add(source, general);
  }

  /** Says that a type is another than before, so that what depends on it is to be inferred again. */
  change(): void {
    this.#hasChanged = true;
  }

  #solve(): void {
    do {
      this.#hasChanged = false;
      this.overflows = 0;
      for (let i = 0; i < this.instances.length; i++) inferFunction(this, this.instances[i] as Instance);
    } while (this.#hasChanged);
    // Those that never return, but throw or call themselves.
    for (const instance of this.instances) instance.result ??= VOID;
  }
}

/** How many versions of one function there are before its integers are no longer told apart. */
const LIMIT = 8;

/** The first is what a loop can count by. */
const CLASSES = [
  int(1, 2 ** 31 - 1),
  int(0, 2 ** 31 - 1),
  int(-(2 ** 31), 2 ** 31 - 1),
  int(0, 2 ** 52),
] as IntType[];

/** What integer parameters are told apart by: not by each interval. */
function generalized(type: Type, isMany: boolean): Type {
  if (type.kind !== "int") return type;
  if (isMany) return F64;
  const fits = ({ low, high }: IntType): boolean => type.low >= low && type.high <= high;
  return CLASSES.find(fits) ?? F64;
}

/** From wide to narrow: the wider are enough for most, products of two or three need the narrower. */
const TIERS: readonly number[] = [2 ** 31 - 1, 2 ** 26, 2 ** 17];

/**
 * Types a function for arguments of these types: with integers of the widest range in which no product of integers is
 * beyond what is exact.
 */
export function infer(
  source: FunctionSource,
  types: readonly Type[],
  boundscheck: BoundsCheck,
  captured: Captured = new Captured(),
): Program {
  const make = (most: number): Program =>
    new Program(source, types, boundscheck, captured, { most, areIntegers: true });
  let widest: Program | undefined;
  for (const most of TIERS) {
    const program = make(most);
    if (program.overflows === 0) return program;
    widest ??= program;
  }
  return widest as Program;
}

/** The same where nothing is assumed. */
export const inferPlainly = (
  source: FunctionSource,
  types: readonly Type[],
  boundscheck: BoundsCheck,
  captured: Captured,
): Program => new Program(source, types, boundscheck, captured, { most: EXACT, areIntegers: false });
