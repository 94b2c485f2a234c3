import type * as acorn from "acorn";
import type { NjitErrorCode } from "../error.js";
import { type CapturedVariable, type Expression, type Site, Variable } from "../ir.js";
import type { FunctionSource } from "../source/source.js";
import { COMM, type ElementName, elementOfArray, type Type } from "../types.js";
import { capturedValue, type Meaning, meaningOf } from "./names.js";
import { Scope } from "./scope.js";

/** What is kept while a function is lowered. */
export class Context {
  readonly source: FunctionSource;
  readonly variables: Variable[] = [];
  readonly captures: CapturedVariable[] = [];
  /** Those that are declared without a value. */
  readonly undefinedAtFirst: Set<Variable> = new Set();
  readonly #captured: Captured;
  /** What jumps can go to, the innermost last. */
  readonly targets: Target[] = [];
  scope: Scope = new Scope();
  #ids = 0;

  constructor(source: FunctionSource, captured: Captured) {
    this.source = source;
    this.#captured = captured;
  }

  site(node: acorn.Node): Site {
    return { source: this.source, start: node.start, end: node.end };
  }

  /** @throws NjitError always */
  fail(node: acorn.Node, message: string, code: NjitErrorCode = "ERR_NJIT_UNSUPPORTED"): never {
    throw this.source.error(code, message, node.start, node.end);
  }

  nextId(): number {
    return this.#ids++;
  }

  variable(name: string, node: acorn.Node, isConst: boolean): Variable {
    const variable = new Variable(name, this.variables.length, this.site(node), isConst);
    this.variables.push(variable);
    return variable;
  }

  /** The variable that a name stands for; undefined if it is from outside. */
  variableOf(node: acorn.Identifier): Variable | undefined {
    const found = this.scope.find(node.name);
    if (typeof found === "string") this.fail(node, `${node.name} ${found}`, "ERR_NJIT_TYPE");
    return found;
  }

  /** Declares a name in the innermost block; one of `var` is declared by the function. */
  declare(node: acorn.Identifier, kind: "var" | "let" | "const"): Variable {
    const known = kind === "var" ? this.variableOf(node) : undefined;
    return known ?? this.scope.add(this.variable(node.name, node, kind === "const"));
  }

  /** Within a block of its own, which declares these names somewhere. */
  inBlock<Result>(names: Iterable<string>, action: () => Result): Result {
    const outer = this.scope;
    this.scope = new Scope(names, outer);
    try {
      return action();
    } finally {
      this.scope = outer;
    }
  }

  /** Where jumps go to the target while `action` lowers what is in it. */
  within<Result>(target: Target, action: () => Result): Result {
    this.targets.push(target);
    try {
      return action();
    } finally {
      this.targets.pop();
    }
  }

  /** What a name that is not declared here means. */
  meaningOfName(node: acorn.Identifier): Meaning {
    const found = capturedValue(this.source, node.name);
    if (found === undefined) {
      this.fail(
        node,
        `${node.name} is neither declared here nor found outside; name what it is in options.captures`,
        "ERR_NJIT_CAPTURE",
      );
    }
    return this.meaning(found.value, node, node.name);
  }

  meaning(value: unknown, node: acorn.Node, name: string): Meaning {
    const meaning = meaningOf(value);
    if (meaning === undefined) this.fail(node, `${name} is a ${typeof value}, which cannot be compiled`);
    return meaning;
  }

  /** The variable for an array or communicator from outside. */
  captureOf(value: object, type: Type, node: acorn.Node, name: string): Expression {
    const index = this.#captured.indexOf(value, type);
    let known = this.captures.find((each) => each.index === index);
    if (known === undefined) {
      const variable = this.variable(name, node, true);
      variable.type = type;
      known = { variable, index };
      this.captures.push(known);
    }
    return { op: "read", variable: known.variable, site: this.site(node) };
  }

  /** What stands for a captured value that is an array or a communicator. */
  capturedExpression(meaning: Meaning, node: acorn.Node, name: string): Expression | undefined {
    if (meaning.is === "communicator") return this.captureOf(meaning.value as object, COMM, node, name);
    if (meaning.is === "view") {
      const { data, shape, isRowMajor } = meaning.value;
      const element = elementOfArray(data[Symbol.toStringTag]) as ElementName;
      const type: Type = { kind: "view", element, rank: shape.length, strided: !isRowMajor };
      return this.captureOf(meaning.value, type, node, name);
    }
    if (meaning.is !== "array") return undefined;
    const element = elementOfArray(meaning.array);
    if (element === undefined) this.fail(node, `${name} is a ${meaning.array}, which cannot be compiled`);
    return this.captureOf(meaning.value, { kind: "array", element }, node, name);
  }
}

/** What `break` and `continue` can go to. */
export interface Target {
  readonly id: number;
  readonly label: string | undefined;
  readonly is: "loop" | "threads" | "switch" | "block";
}

/** The arrays, communicators and handles that the functions of one library capture, each once. */
export class Captured {
  readonly values: unknown[] = [];
  readonly types: Type[] = [];

  indexOf(value: unknown, type: Type): number {
    const known = this.values.indexOf(value);
    if (known >= 0) return known;
    this.types.push(type);
    return this.values.push(value) - 1;
  }
}
