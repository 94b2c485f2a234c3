import { hash } from "node:crypto";
import { invalidType, invalidValue } from "../argument-error.js";
import { packageVersion } from "../package.js";
import { canonicalText } from "./canonical.js";
import { compilerIdentity, targetIdentity } from "./compiler/identity.js";
import { type BuildParams, type GivenParams, type Params, validateParams } from "./params.js";

/*
 * The key of a library: all that can make a difference to it, but what the generator returns, since a library that is in
 * the cache is found without generating its code.
 */

/** Of the 64 hexadecimal digits of SHA-256: 128 bits, so that two never meet by chance. */
const hashLength = 32;

const longestName = 60;

/**
 * A short name of any data.
 *
 * @param data Numbers, strings, lists, plain objects, dates, typed arrays, maps, sets, and these in each other.
 * @returns 32 hexadecimal digits.
 * @throws TypeError that names the place of a function, a symbol, an instance of a class or an object that holds itself.
 */
export const hashit = (data: unknown): string => digest(canonicalText(data, "data"));

/**
 * One text for all parameters that are the same but for the order of their names.
 *
 * @param params Parameters of a generator, or others.
 * @throws TypeError as {@link hashit}.
 */
export const canonicalizeParamsForHashing = (params: object): string => canonicalText(params, "params");

/**
 * A short name of parameters.
 *
 * @param params Parameters of a generator, or others.
 * @returns 32 hexadecimal digits.
 * @throws TypeError as {@link hashit}.
 */
export const hashParams = (params: object): string => digest(canonicalizeParamsForHashing(params));

/**
 * The signature that {@link jit} gives a library.
 *
 * @param name Any text that is not empty.
 * @param given As for jit.
 * @returns `name` as far as it can be part of a file name and of a C identifier, `_`, and 32 hexadecimal digits. They are
 *   made of `name`, `generator`, `build` without `timeout`, the compiler, the kind of machine (for `-march=native` also the
 *   processor), and the version of this package.
 * @throws TypeError for a name or parameters that cannot be used; {@link JitError} as {@link validateParams}, and
 *   `ERR_JIT_COMPILER_NOT_FOUND`.
 */
export const jitSignature = (name: string, given?: GivenParams): string =>
  signatureOf(name, validateParams(given));

/** As {@link jitSignature}, with parameters that are complete. */
export function signatureOf(name: string, params: Params): string {
  if (typeof name !== "string") throw invalidType("name", "a string", name);
  if (name === "") throw invalidValue("name", "expected a name that is not empty", name);
  const { tools, known } = buildIdentity(params.build);
  const text = JSON.stringify(name) + canonicalText(params.generator, "params.generator");
  let signature = known.get(text);
  if (signature !== undefined) return signature;
  signature = `${safeName(name)}_${digest(tools + text)}`;
  if (text.length > longestKnown) return signature;
  if (known.size >= mostKnown) known.clear();
  known.set(text, signature);
  return signature;
}

const safeName = (name: string): string => name.slice(0, longestName).replace(/[^A-Za-z0-9_]/g, "_");

const digest = (text: string): string => hash("sha256", text).slice(0, hashLength);

/** What is the same for all libraries of the same build parameters. */
interface BuildIdentity {
  readonly tools: string;
  /** Signatures by the text of name and generator parameters. */
  readonly known: Map<string, string>;
}

/** How many texts are kept, of each of the two kinds. */
const mostKnown = 10_000;

/** Texts that are longer are hashed again each time, rather than kept. */
const longestKnown = 4096;

const identities = new Map<string, BuildIdentity>();

/** By object, to do without the text of `build`: only those that are frozen, all others may change. */
let identitiesOfFrozen = new WeakMap<BuildParams, BuildIdentity>();

function buildIdentity(build: BuildParams): BuildIdentity {
  const seen = identitiesOfFrozen.get(build);
  if (seen !== undefined) return seen;
  const { timeout: _, ...relevant } = build;
  // Complete, checked, and always in the same order.
  const text = JSON.stringify(relevant);
  let identity = identities.get(text);
  if (identity === undefined) {
    identity = { tools: toolsText(build, text), known: new Map() };
    if (identities.size >= mostKnown) identities.clear();
    identities.set(text, identity);
  }
  if (isFrozen(build)) identitiesOfFrozen.set(build, identity);
  return identity;
}

const isFrozen = (build: BuildParams): boolean =>
  Object.isFrozen(build) && Object.values(build).every((value) => Object.isFrozen(value));

function toolsText(build: BuildParams, text: string): string {
  const { cflags, cxxflags, cxxflagsDebug, cxxflagsOpt } = build;
  const flags = [
    ...(build.language === "c" ? cflags : cxxflags),
    ...(build.debug ? cxxflagsDebug : cxxflagsOpt),
  ];
  return JSON.stringify([packageVersion(), compilerIdentity(build), targetIdentity(flags)]) + text;
}

/** Forgets what the compilers were, for tests. @internal */
export function forgetSignatures(): void {
  identities.clear();
  identitiesOfFrozen = new WeakMap();
}
