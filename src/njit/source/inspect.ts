import { type Debugger, type Runtime, Session } from "node:inspector";
import { fileURLToPath } from "node:url";
import type { SourceLocation } from "../error.js";

/* What only V8 knows of a function: the values of the names it uses from outside, and where it was written. */

/** By this name the inspector finds what it is asked about. */
const PLACE = "__typedMpiInspected";

const here = globalThis as unknown as Record<
  string,
  { fn?: unknown; scope?: { object: unknown } } | undefined
>;

/**
 * The scopes around a function, the innermost first; not the global one.
 * @returns undefined if the inspector cannot tell, as in a runtime without one
 */
export function scopesOf(fn: unknown): readonly Readonly<Record<string, unknown>>[] {
  return withSession((post) => {
    const internal = internalsOf(post, fn);
    const scopes = internal.find(({ name }) => name === "[[Scopes]]")?.value?.objectId;
    if (scopes === undefined) return [];
    const { result } = post("Runtime.getProperties", {
      objectId: scopes,
      ownProperties: true,
    }) as Runtime.GetPropertiesReturnType;
    const found: Record<string, unknown>[] = [];
    for (const { name, value } of result) {
      if (!/^\d+$/.test(name) || value?.objectId === undefined || value.description === "Global") continue;
      post("Runtime.callFunctionOn", {
        objectId: value.objectId,
        functionDeclaration: `function () { globalThis.${PLACE}.scope = this; }`,
      });
      found.push(here[PLACE]?.scope?.object as Record<string, unknown>);
    }
    return found;
  });
}

/** Where a function begins. Only for messages: it takes milliseconds. */
export function locate(fn: unknown): SourceLocation | undefined {
  return withSession((post, session) => {
    const location = internalsOf(post, fn).find(({ name }) => name === "[[FunctionLocation]]")?.value
      ?.value as Debugger.Location | undefined;
    if (location === undefined) return undefined;
    let url = "";
    session.on("Debugger.scriptParsed", ({ params }) => {
      if (params.scriptId === location.scriptId) url = params.url;
    });
    post("Debugger.enable", {});
    const file = url.startsWith("file:") ? fileURLToPath(url) : url;
    return { file, line: location.lineNumber + 1, column: (location.columnNumber ?? 0) + 1 };
  });
}

type Post = (method: string, params: object) => unknown;

function withSession<Result>(action: (post: Post, session: Session) => Result): Result {
  const session = new Session();
  session.connect();
  const post: Post = (method, params) => {
    let outcome: { error: Error | null; result: unknown } | undefined;
    // A session of the same thread answers before it returns.
    session.post(method, params, (error: Error | null, result: unknown) => {
      outcome = { error, result };
    });
    if (outcome?.error) throw outcome.error;
    return outcome?.result;
  };
  try {
    return action(post, session);
  } finally {
    delete here[PLACE];
    session.disconnect();
  }
}

function internalsOf(post: Post, fn: unknown): Runtime.InternalPropertyDescriptor[] {
  here[PLACE] = { fn };
  const { result } = post("Runtime.evaluate", {
    expression: `globalThis.${PLACE}.fn`,
  }) as Runtime.EvaluateReturnType;
  const { internalProperties } = post("Runtime.getProperties", {
    objectId: result.objectId,
    ownProperties: true,
  }) as Runtime.GetPropertiesReturnType;
  return internalProperties ?? [];
}
