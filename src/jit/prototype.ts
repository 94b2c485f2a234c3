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
  /** Whether it is a `bool`, of which C knows two values. */
  readonly isBool: boolean;
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

/** What cannot be the name of a parameter: the words of the types that are known, and of those that are not. */
const KEYWORDS: ReadonlySet<string> = new Set([
  ...[...SCALARS.keys()].flatMap((words) => words.split(" ")),
  ...["complex", "imaginary", "_Complex", "_Imaginary", "_Atomic", "_BitInt", "_Sat", "_Accum", "_Fract"],
  ...["__int128", "__int128_t", "__uint128_t", "__float128", "__float80", "__ibm128", "__fp16", "__bf16"],
  ...["_Float16", "_Float32", "_Float64", "_Float128", "_Float32x", "_Float64x", "_Float128x"],
  ...["_Decimal32", "_Decimal64", "_Decimal128", "__complex__", "__complex", "__signed__", "__signed"],
  ...["wchar_t", "char8_t", "char16_t", "char32_t", "auto", "register", "static", "inline", "enum", "union"],
  ...["class", "typename"],
]);

/**
 * Reads a C prototype. Structures by value, function pointers, references, `...`, arrays of arrays, complex numbers and
 * those that no typed array has, as `long double`, are not understood.
 * @throws JitError `ERR_JIT_SYMBOL` that says what is not understood
 */
export function parsePrototype(text: string): Prototype {
  let prototype = known.get(text);
  if (prototype !== undefined) return prototype;
  prototype = parsed(text);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(text, prototype);
  return prototype;
}

/** Libraries that are generated are alike in their functions. */
const known = new Map<string, Prototype>();

const MOST_KNOWN = 100;

function parsed(text: string): Prototype {
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
  const parts = partsOf(declaration, isParameter);
  const { words, isConst, stars } = parts ?? { words: [], isConst: false, stars: 0 };
  const base = SCALARS.get([...words].sort().join(" "));
  // A pointer may point to what has no name here.
  const isPassed = stars > 0 ? words.length > 0 : base !== undefined && !(base === "void" && isParameter);
  if (!isPassed) throw notUnderstood(prototype, `"${declaration.trim()}" is no type that can be passed`);
  const isBare = words.length === 1;
  return {
    text: declaration.trim(),
    type: stars > 0 ? "pointer" : (base as CType),
    target: stars === 1 && base !== "void" ? base : undefined,
    isText: stars === 1 && isBare && words[0] === "char" && isConst,
    isBool: stars === 0 && isBare && (words[0] === "bool" || words[0] === "_Bool"),
  };
}

/** A declaration without the name of the parameter. */
interface Parts {
  /** Those before the first star, without qualifiers. */
  readonly words: readonly string[];
  /** Whether `const` is among them. */
  readonly isConst: boolean;
  /** An array is passed as the address of its first element. */
  readonly stars: number;
}

/** @returns undefined for what is not words, stars, a name and one array at the end: `double &x`, `double x[2][3]` */
function partsOf(declaration: string, isParameter: boolean): Parts | undefined {
  const tokens: string[] = declaration.match(/\[[^\]]*\]|[*&[\]]|[^\s*&[\]]+/g) ?? [];
  const isArray = tokens.at(-1)?.startsWith("[") === true;
  if (isArray) tokens.pop();
  if (tokens.some((token) => /^[&[\]]/.test(token))) return undefined;
  const pointers = tokens.filter((token) => token === "*").length;
  const start = pointers === 0 ? tokens.length : tokens.indexOf("*");
  const words = tokens.slice(0, start).filter(isNoQualifier);
  const rest = tokens.slice(start).filter((token) => token !== "*" && isNoQualifier(token));
  if (isParameter && isName(tokens.at(-1))) {
    if (pointers > 0) rest.pop();
    else if (words.length > 1) words.pop();
  }
  if (rest.length > 0) return undefined;
  const isConst = tokens.slice(0, start).includes("const");
  return { words, isConst, stars: pointers + Number(isArray) };
}

const isNoQualifier = (word: string): boolean => !QUALIFIERS.has(word);

const isName = (word: string | undefined): boolean =>
  word !== undefined && /^[A-Za-z_]\w*$/.test(word) && !KEYWORDS.has(word) && isNoQualifier(word);

const notUnderstood = (prototype: string, why: string): JitError =>
  new JitError("ERR_JIT_SYMBOL", `The prototype "${prototype.trim()}" is not understood: ${why}`);
