import type { Handle } from "../abi/abi.js";
import { invalidType } from "../error.js";
import { readHandle } from "./scratch.js";

/**
 * A handle from the library, on its way into the object that will own it. Constructors of public classes take
 * nothing else besides names: any number that a user might pass would crash the library.
 */
export class Created {
  readonly handle: Handle;

  constructor(handle: Handle) {
    this.handle = handle;
  }
}

/** The handle that a call wrote last. */
export const created = (): Created => new Created(readHandle());

/** The MPI name of something predefined, or the handle of something new. @throws TypeError for anything else */
export function sourceOf(
  source: string | Created,
): { name: string; handle?: never } | { name?: never; handle: Handle } {
  if (typeof source === "string") return { name: source };
  if (source instanceof Created) return { handle: source.handle };
  throw invalidType("source", "nothing: objects of this class are made by operations", source);
}
