import * as acorn from "acorn";
import { invalidType } from "../../argument-error.js";
import { NjitError, type NjitErrorCode, type SourceLocation } from "../error.js";
import { locate } from "./inspect.js";

/** Any function; what it takes is checked by the compiler. */
export type AnyFunction = (...args: never[]) => unknown;

type Syntax = acorn.FunctionDeclaration | acorn.FunctionExpression | acorn.ArrowFunctionExpression;

/** The text of a function of the user, and what it says. */
export class FunctionSource {
  readonly fn: AnyFunction;
  readonly name: string;
  readonly text: string;
  readonly syntax: Syntax;
  /** How many characters of `#wrapped` come before the text. */
  readonly #shift: number;
  readonly #captures: Readonly<Record<string, unknown>>;
  #location: SourceLocation | undefined;

  /** @throws NjitError `ERR_NJIT_UNSUPPORTED` if it is native, or no plain function */
  constructor(fn: AnyFunction, captures: Readonly<Record<string, unknown>> = {}) {
    if (typeof fn !== "function") throw invalidType("fn", "a function", fn);
    this.fn = fn;
    this.name = fn.name || "anonymous";
    this.text = Function.prototype.toString.call(fn);
    this.#captures = captures;
    const { syntax, shift } = this.#parse();
    this.syntax = syntax;
    this.#shift = shift;
  }

  /** What the user said of a captured name. */
  captured(name: string): { readonly value: unknown } | undefined {
    return Object.hasOwn(this.#captures, name) ? { value: this.#captures[name] } : undefined;
  }

  #parse(): { syntax: Syntax; shift: number } {
    let failure: unknown;
    // A method is a function only within an object.
    for (const [before, after] of [
      ["(", ")"],
      ["({", "})"],
    ] as const) {
      try {
        const program = acorn.parse(`${before}${this.text}${after}`, { ecmaVersion: "latest" });
        const statement = program.body[0] as acorn.ExpressionStatement;
        const { expression } = statement;
        const found =
          expression.type === "ObjectExpression"
            ? (expression.properties[0] as acorn.Property).value
            : expression;
        if (found.type === "FunctionExpression" || found.type === "ArrowFunctionExpression") {
          return { syntax: found, shift: before.length };
        }
        failure = new SyntaxError(`a ${found.type}`);
      } catch (error) {
        failure = error;
      }
    }
    throw new NjitError(
      "ERR_NJIT_UNSUPPORTED",
      `${this.name} is no plain JavaScript function: it is native, bound, or a class`,
      undefined,
      { cause: failure },
    );
  }

  /** The text between two positions of the syntax. */
  slice(start: number, end: number): string {
    return this.text.slice(start - this.#shift, end - this.#shift);
  }

  /** Where a position of the syntax is in the file of the function. */
  locationOf(start: number): SourceLocation {
    const before = this.text.slice(0, start - this.#shift).split("\n");
    // Asking takes milliseconds, which a loop around a function that throws would feel.
    this.#location ??= locate(this.fn);
    const base = this.#location;
    // V8 says where the parameters begin; of an arrow function that is the function.
    const isArrow = this.syntax.type === "ArrowFunctionExpression";
    const lead = isArrow ? 0 : Math.max(0, (this.text.split("\n", 1)[0] as string).indexOf("("));
    const line = before.length - 1;
    const column = (before.at(-1) as string).length;
    return {
      file: base?.file ?? this.name,
      line: (base?.line ?? 1) + line,
      column: (line === 0 ? (base?.column ?? 1 + lead) - lead : 1) + column,
    };
  }

  /** An error about a part of it, with its line and a caret. */
  error(code: NjitErrorCode, message: string, start: number, end: number): NjitError {
    return new NjitError(code, this.located(message, start, end), this.locationOf(start));
  }

  /** A message with the place it is about: its line, and a caret below. */
  located(message: string, start: number, end: number): string {
    const before = this.text.slice(0, start - this.#shift).split("\n");
    const line = this.text.split("\n")[before.length - 1] as string;
    const column = (before.at(-1) as string).length;
    const width = Math.max(1, Math.min(end - start, line.length - column));
    const frame = `    ${line}\n    ${line.slice(0, column).replace(/[^\t]/g, " ")}${"^".repeat(width)}`;
    const { file, line: number, column: place } = this.locationOf(start);
    return `${message}\n  at ${file}:${number}:${place}\n${frame}`;
  }
}
