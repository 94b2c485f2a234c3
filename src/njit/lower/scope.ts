import type { Variable } from "../ir.js";

/** Why what a name of a block stands for cannot be used: it hides the same name outside of the block all the same. */
export type Hidden = "is used before its declaration" | "is declared in another case of the switch";

/** The names of a function, block by block. */
export class Scope {
  readonly #parent: Scope | undefined;
  readonly #names = new Map<string, Variable | Hidden>();

  /** @param later The names that are declared further down in the block. */
  constructor(later: Iterable<string> = [], parent?: Scope) {
    this.#parent = parent;
    this.hide(later, "is used before its declaration");
  }

  find(name: string): Variable | Hidden | undefined {
    return this.#names.get(name) ?? this.#parent?.find(name);
  }

  add(variable: Variable): Variable {
    this.#names.set(variable.name, variable);
    return variable;
  }

  hide(names: Iterable<string>, why: Hidden): void {
    for (const name of names) this.#names.set(name, why);
  }
}
