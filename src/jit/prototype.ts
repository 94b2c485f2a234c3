import type { CType } from "../ffi/index.js";
import { JitError } from "./error.js";

/* C prototypes as users write them: "double f(const double *, int)". */

/** One parameter, or the result. */
export interface PrototypeType {
  /** As it was written, `"const double *"`. */
  readonly text: string;
  readonly type: CType;
  /** Of a pointer: what it points to; undefined for `void *` and for what has no name here. */
  readonly target?: CType | undefined;
  /** Whether it is a `const char *`, for which a string may be given. */
  readonly isText: boolean;
}

export interface Prototype {
  readonly name: string;
  readonly result: PrototypeType;
  readonly parameters: readonly PrototypeType[];
}

const isWindows = process.platform === "win32";

/** The words of a type, sorted, without qualifiers. `long` has 32 bits on Windows only. */
const SCALARS: ReadonlyMap<string, CType> = new Map<string, CType>([
  ["void", "void"],
  ["char", "int8"],
  ["char signed", "int8"],
  ["char unsigned", "uint8"],
  ["_Bool", "uint8"],
  ["bool", "uint8"],
  ...spellings("short", "int16", "uint16"),
  ...spellings("", "int32", "uint32"),
  ...spellings("long", isWindows ? "int32" : "int64", isWindows ? "uint32" : "uint64"),
  ...spellings("long long", "int64", "uint64"),
  ["float", "float"],
  ["double", "double"],
  ...[8, 16, 32, 64].flatMap((bits): [string, CType][] => [
    [`int${bits}_t`, `int${bits}` as CType],
    [`uint${bits}_t`, `uint${bits}` as CType],
  ]),
  ["size_t", "uint64"],
  ["ssize_t", "int64"],
  ["ptrdiff_t", "int64"],
  ["intptr_t", "int64"],
  ["uintptr_t", "uint64"],
]);

/** `short`, `short int`, `signed short`, `unsigned short int` ... */
function spellings(width: string, signed: CType, unsigned: CType): [string, CType][] {
  const words = width === "" ? [] : width.split(" ");
  const sorted = (...more: string[]): string => [...words, ...more].sort().join(" ");
  const bare: [string, CType][] = width === "" ? [] : [[sorted(), signed]];
  return [
    ...bare,
    [sorted("int"), signed],
    [sorted("signed"), signed],
    [sorted("signed", "int"), signed],
    [sorted("unsigned"), unsigned],
    [sorted("unsigned", "int"), unsigned],
  ];
}

/** What says nothing about how a value is passed. */
const QUALIFIERS = new Set([
  "const",
  "volatile",
  "restrict",
  "__restrict",
  "__restrict__",
  "extern",
  "struct",
]);

/**
 * Reads a C prototype. Structures by value, function pointers, `...` and `long double` are not understood.
 * @throws JitError `ERR_JIT_SYMBOL` that says what is not understood
 */
export function parsePrototype(text: string): Prototype {
  const match = /^\s*([^()]*?)\b([A-Za-z_]\w*)\s*\(([^()]*)\)\s*;?\s*$/s.exec(text);
  if (match === null) throw notUnderstood(text, 'expected the form "double f(const double *, int)"');
  const [, before = "", name = "", inside = ""] = match;
  const list = inside.trim() === "" || inside.trim() === "void" ? [] : inside.split(",");
  return {
    name,
    result: typeOf(before, text, false),
    parameters: list.map((parameter) => typeOf(parameter, text, true)),
  };
}

function typeOf(declaration: string, prototype: string, isParameter: boolean): PrototypeType {
  // An array is passed as the address of its first element.
  const flat = declaration.replace(/\[[^\]]*\]/g, "*");
  const stars = flat.split("*").length - 1;
  const words = flat.replaceAll("*", " * ").split(/\s+/).filter(Boolean);
  // The words of the type come before the first star; what follows the last is a name.
  const end = words.indexOf("*") === -1 ? words.length : words.indexOf("*");
  const found = scalarOf(words.slice(0, end), isParameter);
  const base = found ?? (stars > 0 ? undefined : null);
  if (base === null || (base === "void" && stars === 0 && isParameter)) {
    throw notUnderstood(prototype, `"${declaration.trim()}" is no type that can be passed`);
  }
  const isConstChar = stars === 1 && base === "int8" && words.includes("const") && !words.includes("signed");
  return {
    text: declaration.trim(),
    type: stars > 0 ? "pointer" : (base as CType),
    target: stars === 1 && base !== "void" ? base : undefined,
    isText: isConstChar,
  };
}

/** The type that these words name; the last of a parameter's may be its name. */
function scalarOf(words: readonly string[], isParameter: boolean): CType | undefined {
  const plain = words.filter((word) => !QUALIFIERS.has(word));
  const known = SCALARS.get([...plain].sort().join(" "));
  if (known !== undefined || !isParameter || plain.length < 2) return known;
  return SCALARS.get(plain.slice(0, -1).sort().join(" "));
}

const notUnderstood = (prototype: string, why: string): JitError =>
  new JitError("ERR_JIT_SYMBOL", `The prototype "${prototype.trim()}" is not understood: ${why}`);
