/*
 * program REQUEST: what the processes of the tests do. REQUEST is JSON; prints what came of it as JSON: the
 * value that the library's function returned, or the error's code and message.
 */
import { appendFileSync, existsSync } from "node:fs";
import { type GivenParams, JitError, jit, jitAsync } from "../../src/jit/index.js";

export interface Request {
  readonly name: string;
  readonly params: GivenParams;
  /** What the generated function returns. Default 1. */
  readonly value?: number;
  /** Generated instead. */
  readonly source?: string;
  readonly header?: string;
  readonly dependencies?: readonly string[];
  /** A file to which each generation appends a line. */
  readonly journal?: string;
  /** Milliseconds that a generation takes. */
  readonly generating?: number;
  /** A generation kills its own process. */
  readonly dies?: boolean;
  readonly isAsync?: boolean;
  /** Goes on with the next call as long as this file exists. */
  readonly until?: string;
}

export interface Answer {
  readonly value?: number | bigint | undefined;
  readonly signature?: string;
  readonly path?: string;
  readonly error?: {
    readonly code: string | undefined;
    readonly message: string;
    readonly failDir: string | undefined;
  };
  /** How often the code was generated. */
  readonly generated: number;
  readonly calls: number;
}

const request = JSON.parse(process.argv[2] as string) as Request;
let generated = 0;
let calls = 0;

const never = new Int32Array(new SharedArrayBuffer(4));

function generate() {
  generated++;
  if (request.journal !== undefined) appendFileSync(request.journal, `${process.pid}\n`);
  if (request.dies) process.kill(process.pid, "SIGKILL");
  if (request.generating !== undefined) Atomics.wait(never, 0, 0, request.generating);
  const { value = 1, source = `extern "C" int f() { return ${value}; }\n`, header, dependencies } = request;
  return { source, header, dependencies };
}

async function once(): Promise<Omit<Answer, "generated" | "calls">> {
  calls++;
  try {
    const { name, params, isAsync } = request;
    const { library, signature } = isAsync
      ? await jitAsync(null, name, params, { generate })
      : jit(null, name, params, { generate });
    return { value: library.func("int f()")(), signature, path: library.path };
  } catch (error) {
    const { code, message } = error as JitError;
    return { error: { code, message, failDir: error instanceof JitError ? error.failDir : undefined } };
  }
}

let answer = await once();
while (request.until !== undefined && existsSync(request.until)) answer = await once();
console.log(JSON.stringify({ ...answer, generated, calls } satisfies Answer));
