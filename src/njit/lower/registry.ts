import type { AnyFunction, FunctionSource } from "../source/source.js";

/** What `njit` returned, by what is called: compiled functions call each other directly. */
const sources = new WeakMap<AnyFunction, FunctionSource>();

export const register = (compiled: AnyFunction, source: FunctionSource): void => {
  sources.set(compiled, source);
};

export const nativeSourceOf = (fn: AnyFunction): FunctionSource | undefined => sources.get(fn);
