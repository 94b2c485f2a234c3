import { writeSync } from "node:fs";
import { sep } from "node:path";
import { pathToFileURL } from "node:url";
import { packageModules } from "../../package.js";
import type { Handle } from "../abi/abi.js";
import { binding } from "../bindings/bind.js";
import { beforeFinalize } from "../environment.js";
import type { Status } from "../status.js";

/** How an operation ended. */
export type Outcome = Status | Error;

/** What MPI_Cancel may do: it works for receives, hardly ever for sends, and must not be tried for the rest. */
export type TransferKind = "send" | "receive" | "collective" | "partitioned";

/** JavaScript that the library calls during an operation: the function of a user's Op. */
export interface Callee {
  /** When the operation is over, each time: the error that arose in it, but not in the library. */
  takeError(): Error | undefined;
  /** When the operation is not begun again, and the library does not call it any more. */
  release(): void;
}

export interface TransferDescription {
  readonly kind: TransferKind;
  /** What C reads or writes until it is complete. */
  readonly buffers: readonly unknown[];
  /** Whether it is to or from PROC_NULL. Default false. */
  readonly toNobody?: boolean;
  readonly callee?: Callee | undefined;
  /** Called before each start of a persistent one, which is not started if this throws. */
  readonly beforeStart?: ((transfer: Transfer) => void) | undefined;
}

/**
 * What the library works on, apart from the Request that the user holds: the library may write into the
 * buffers after the user has dropped the request.
 */
export class Transfer {
  handle: Handle;
  readonly operation: string;
  readonly persistent: boolean;
  /** How it ended; undefined while it goes on. */
  outcome: Outcome | undefined;
  freed = false;
  /** Whether it was asked to be cancelled: Open MPI 4.1 crashes when it is asked twice. */
  cancelling = false;
  /** Whether it ended while `Request.completions` was asked for it, which told nobody. */
  untold = false;
  /** Whether it was said that nobody can wait for it. */
  reported = false;
  /** Where it was begun, when TYPED_MPI_DEBUG asks for it. */
  readonly madeAt: string | undefined;
  /** Its place in the list of active ones. */
  #place = -1;
  readonly #description: TransferDescription;
  #listeners: ((outcome: Outcome) => void)[] | undefined;

  /**
   * @param operation The C function that began it, `"MPI_Irecv"`.
   * @param persistent Whether it can be started again when it is complete; it is not active before it is started.
   */
  constructor(handle: Handle, operation: string, description: TransferDescription, persistent = false) {
    this.handle = handle;
    this.operation = operation;
    this.persistent = persistent;
    this.madeAt = debugging() ? callerStack() : undefined;
    this.#description = description;
    if (!persistent) this.#activate();
  }

  get kind(): TransferKind {
    return this.#description.kind;
  }

  get toNobody(): boolean {
    return this.#description.toNobody ?? false;
  }

  /** Whether the library works on it. */
  get active(): boolean {
    return this.#place >= 0;
  }

  /** Before a persistent one begins again: @throws why it cannot */
  prepare(): void {
    this.#description.beforeStart?.(this);
  }

  /** A persistent one begins again. */
  restart(): void {
    this.outcome = undefined;
    this.cancelling = false;
    this.untold = false;
    this.#activate();
  }

  #activate(): void {
    if (this.#place >= 0) return;
    this.#place = active.length;
    active.push(this);
  }

  #deactivate(): void {
    if (this.#place < 0) return;
    const last = active.pop() as Transfer;
    if (last !== this) {
      active[this.#place] = last;
      last.#place = this.#place;
    }
    this.#place = -1;
  }

  /** Calls `listener` when it ends, whoever finds that out: a persistent one may begin again right then. */
  onceEnded(listener: (outcome: Outcome) => void): void {
    this.#listeners ??= [];
    this.#listeners.push(listener);
  }

  /** Takes back what `onceEnded` was given. @returns Whether others still listen. */
  unlisten(listener: (outcome: Outcome) => void): boolean {
    const others = this.#listeners?.filter((other) => other !== listener);
    this.#listeners = others;
    return others !== undefined && others.length > 0;
  }

  /** Records how it ended. */
  finish(outcome: Outcome): Outcome {
    return this.#end(this.#description.callee?.takeError() ?? outcome);
  }

  /** Ends it for its owner, while the library may go on to use its buffers. */
  abandon(error: Error): Outcome {
    // The library may still call a user's Op too, whose error would be that of another reduction.
    abandoned.push(this.#description);
    return this.#end(error);
  }

  #end(outcome: Outcome): Outcome {
    this.outcome = outcome;
    this.#deactivate();
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener(outcome);
    return outcome;
  }

  /** The owner freed it. */
  free(error: Error): void {
    if (this.active) this.abandon(error);
    else if (this.persistent) {
      this.outcome = error;
      if (!abandoned.includes(this.#description)) this.#description.callee?.release();
    }
    this.untold = false;
    this.freed = true;
  }

  toString(): string {
    return this.madeAt === undefined ? this.operation : `${this.operation}, made\n${this.madeAt}`;
  }
}

/** All that the library works on, in no order: being here keeps the buffers alive. A Set costs 100 ns more. */
const active: Transfer[] = [];

beforeFinalize(() => {
  const unreported = active.filter(({ reported }) => !reported);
  if (unreported.length === 0) return;
  const hint = debugging() ? "" : " (TYPED_MPI_DEBUG=requests tells where they were begun)";
  writeSync(2, `typed-mpi: MPI ends while requests are active${hint}: ${unreported.join("; ")}\n`);
});

/** Buffers that may be in use although nobody waits: kept until the process ends. */
const abandoned: TransferDescription[] = [];

/** For a call about several: a transfer that is over is no request at all. */
export const handleOf = (transfer: Transfer): Handle =>
  transfer.active ? transfer.handle : binding().abi.handle("MPI_REQUEST_NULL");

/** Whether TYPED_MPI_DEBUG, a list separated by commas, has "requests" in it. */
function debugging(): boolean {
  isDebugging ??= (process.env["TYPED_MPI_DEBUG"] ?? "").split(",").includes("requests");
  return isDebugging;
}

/** Read once: each look at the environment costs as much as beginning an operation. */
let isDebugging: boolean | undefined;

/** The user's part of the stack. */
function callerStack(): string {
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  const folder = packageModules + sep;
  const url = pathToFileURL(folder).href;
  return lines.filter((line) => !line.includes(url) && !line.includes(folder)).join("\n");
}
