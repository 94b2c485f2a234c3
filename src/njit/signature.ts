import type { Communicator } from "../mpi/index.js";
import { NjitError } from "./error.js";
import { BOOL, COMM, ELEMENTS, type ElementName, F64, I64, type Type } from "./types.js";
import type { NdView } from "./view.js";

/* Signatures as users write them: the types of the parameters, "f64[], f64, i64". */

/** The TypedArrays of the elements' names. */
interface Arrays {
  i8: Int8Array;
  u8: Uint8Array;
  u8c: Uint8ClampedArray;
  i16: Int16Array;
  u16: Uint16Array;
  i32: Int32Array;
  u32: Uint32Array;
  f32: Float32Array;
  f64: Float64Array;
  i64: BigInt64Array;
}

interface Scalars {
  f64: number;
  number: number;
  bool: boolean;
  i64: bigint;
  comm: Communicator;
}

type Trimmed<Text extends string> = Text extends ` ${infer Rest}`
  ? Trimmed<Rest>
  : Text extends `${infer Rest} `
    ? Trimmed<Rest>
    : Text;

type ParameterOf<Text extends string> = Text extends `${infer Name extends keyof Arrays}[]`
  ? Arrays[Name]
  : Text extends `${"strided " | ""}nd${1 | 2 | 3 | 4}(${infer Name extends keyof Arrays})`
    ? NdView<Arrays[Name]>
    : Text extends keyof Scalars
      ? Scalars[Text]
      : never;

/** The parameters that a signature names, as TypeScript has them. */
export type ParametersOf<Text extends string> =
  Trimmed<Text> extends ""
    ? []
    : Text extends `${infer First},${infer Rest}`
      ? [ParameterOf<Trimmed<First>>, ...ParametersOf<Rest>]
      : [ParameterOf<Trimmed<Text>>];

const SCALARS: Readonly<Record<string, Type>> = { f64: F64, number: F64, bool: BOOL, i64: I64, comm: COMM };

/** @throws NjitError `ERR_NJIT_SIGNATURE` */
export function parseSignature(text: string): Type[] {
  if (text.trim() === "") return [];
  return text.split(",").map((part) => {
    const name = part.trim();
    const element = name.endsWith("[]") ? name.slice(0, -2) : undefined;
    if (element !== undefined && Object.hasOwn(ELEMENTS, element))
      return { kind: "array", element: element as ElementName };
    const [, strided, rank, viewed] = /^(strided )?nd([1-4])\((\w+)\)$/.exec(name) ?? [];
    if (viewed !== undefined && Object.hasOwn(ELEMENTS, viewed)) {
      const isStrided = strided !== undefined;
      return { kind: "view", element: viewed as ElementName, rank: Number(rank), strided: isStrided };
    }
    const scalar = Object.hasOwn(SCALARS, name) ? SCALARS[name] : undefined;
    if (scalar !== undefined) return scalar;
    const known = [
      ...Object.keys(SCALARS),
      ...Object.keys(ELEMENTS).map((each) => `${each}[]`),
      "nd2(f64)",
    ].join(", ");
    throw new NjitError(
      "ERR_NJIT_SIGNATURE",
      `"${name}" in the signature "${text}" is no type: expected one of ${known}`,
    );
  });
}
