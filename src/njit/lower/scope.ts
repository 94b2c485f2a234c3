import type { Variable } from "../ir.js";

/** The names of a function, block by block. */
export class Scope {
  readonly #parent: Scope | undefined;
  readonly #names = new Map<string, Variable>();

  constructor(parent?: Scope) {
    this.#parent = parent;
  }

  find(name: string): Variable | undefined {
    return this.#names.get(name) ?? this.#parent?.find(name);
  }

  add(variable: Variable): Variable {
    this.#names.set(variable.name, variable);
    return variable;
  }
}
