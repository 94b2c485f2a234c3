import { invalidType } from "../error.js";

/** @throws TypeError for options that are none, or a signal that is none */
export function signalOf(options: { readonly signal?: AbortSignal }): AbortSignal | undefined {
  if (typeof options !== "object" || options === null) throw invalidType("options", "an object", options);
  const { signal } = options;
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw invalidType("options.signal", "an AbortSignal", signal);
}
