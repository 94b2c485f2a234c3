import type { Random } from "./random.js";
import type { ArrayName } from "./values.js";

export type ScalarSort = "number" | "boolean" | "bigint";

export interface Variable {
  readonly name: string;
  readonly sort: ScalarSort;
  /** What must not be assigned: constants, and what decides that a loop ends. */
  isFixed: boolean;
  /** Whether it is a small integer that counts: a good index. */
  readonly isCounter: boolean;
}

export interface ArrayVariable {
  readonly name: string;
  readonly kind: ArrayName;
}

/** Another function that can be called. */
export interface Callable {
  readonly name: string;
  readonly parameters: readonly (ScalarSort | ArrayName)[];
  readonly result: ScalarSort;
}

/** Where `break` and `continue` can go. */
export interface Target {
  readonly label: string | undefined;
  readonly is: "loop" | "switch" | "block";
}

/** What can be named at a place of a program that is being made. */
export class Scope {
  readonly random: Random;
  variables: Variable[] = [];
  arrays: ArrayVariable[] = [];
  readonly callables: readonly Callable[];
  targets: Target[] = [];
  #names = 0;

  constructor(random: Random, callables: readonly Callable[]) {
    this.random = random;
    this.callables = callables;
  }

  name(letter: string): string {
    return `${letter}${this.#names++}`;
  }

  declare(sort: ScalarSort, isFixed = false, isCounter = false): Variable {
    const variable = { name: this.name(sort[0] as string), sort, isFixed, isCounter };
    this.variables.push(variable);
    return variable;
  }

  declareArray(kind: ArrayName): ArrayVariable {
    const array = { name: this.name("a"), kind };
    this.arrays.push(array);
    return array;
  }

  /** What `action` declares is gone after it. */
  inBlock<Result>(action: () => Result): Result {
    const [variables, arrays] = [this.variables.length, this.arrays.length];
    try {
      return action();
    } finally {
      this.variables.length = variables;
      this.arrays.length = arrays;
    }
  }

  within<Result>(target: Target, action: () => Result): Result {
    this.targets.push(target);
    try {
      return this.inBlock(action);
    } finally {
      this.targets.pop();
    }
  }

  /** A variable of that sort that fits; undefined if there is none. */
  variable(sort: ScalarSort, fits: (variable: Variable) => boolean = () => true): Variable | undefined {
    const found = this.variables.filter((each) => each.sort === sort && fits(each));
    return found.length === 0 ? undefined : this.random.pick(found);
  }

  array(fits: (kind: ArrayName) => boolean): ArrayVariable | undefined {
    const found = this.arrays.filter(({ kind }) => fits(kind));
    return found.length === 0 ? undefined : this.random.pick(found);
  }

  callable(result: ScalarSort): Callable | undefined {
    const found = this.callables.filter((each) => each.result === result);
    return found.length === 0 ? undefined : this.random.pick(found);
  }
}
