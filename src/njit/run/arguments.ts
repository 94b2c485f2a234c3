import { invalidType, invalidValue, outOfRange } from "../../argument-error.js";
import { engine } from "../../ffi/index.js";
import { lengthOf, tagOf as tagOfArray } from "../../mpi/buffer/element.js";
import { Communicator } from "../../mpi/index.js";
import { valueSlot } from "../emit/slots.js";
import {
  BOOL,
  COMM,
  ELEMENTS,
  type ElementName,
  elementOfArray,
  F64,
  I64,
  type Type,
  typeName,
  type ViewType,
} from "../types.js";
import { NdView } from "../view.js";

/** What JavaScript and C share: numbers in `numbers`, bigints and handles in the same memory as `bigints`. */
export class Shared {
  readonly numbers: Float64Array;
  readonly bigints: BigInt64Array;

  constructor(values: number) {
    this.numbers = new Float64Array(valueSlot(values) + 2);
    this.bigints = new BigInt64Array(this.numbers.buffer);
  }
}

/** The type of an argument; undefined for what cannot be passed. */
function typeOfArgument(value: unknown): Type | undefined {
  switch (typeof value) {
    case "number":
      return F64;
    case "boolean":
      return BOOL;
    case "bigint":
      return I64;
    default: {
      const element = ArrayBuffer.isView(value) ? elementOfArray(tagOf(value)) : undefined;
      if (element !== undefined) return { kind: "array", element };
      if (value instanceof NdView) {
        const { data, shape, isRowMajor } = value;
        const element = elementOfArray(tagOf(data)) as ElementName;
        return { kind: "view", element, rank: shape.length, strided: !isRowMajor };
      }
      return value instanceof Communicator ? COMM : undefined;
    }
  }
}

/** The types of all arguments. @throws TypeError, naming the parameter */
export function typesOfArguments(
  name: string,
  parameters: readonly string[],
  args: readonly unknown[],
): Type[] {
  if (args.length !== parameters.length) {
    throw outOfRange(name, `${parameters.length} arguments`, args.length);
  }
  return args.map((value, i) => {
    const type = typeOfArgument(value);
    if (type !== undefined) return type;
    throw invalidType(
      parameters[i] as string,
      "a number, boolean, bigint, TypedArray, nd view or Communicator",
      value,
    );
  });
}

/** The key of a specialisation. */
export const keyOf = (types: readonly Type[]): string => types.map(typeName).join(", ");

/** The class of a TypedArray, which it cannot lie about. */
const tagOf = (view: ArrayBufferView): string => tagOfArray(view) ?? "DataView";

const addresses = new WeakMap<ArrayBufferView, number>();

/** Where an array is. It does not move while it is alive: one that is detached has no elements. */
function addressOf(view: ArrayBufferView): number {
  let address = addresses.get(view);
  if (address === undefined || address === 0) {
    address = Number(engine().addressOf(view));
    addresses.set(view, address);
  }
  return address;
}

const TYPED_ARRAY: unknown = Object.getPrototypeOf(Uint8Array.prototype);

/** Whether `length` of an array is what it was, unless the array was detached: it has no other one of the user's. */
export function isOfFixedLength(view: ArrayBufferView): boolean {
  const { resizable, growable } = view.buffer as { resizable?: boolean; growable?: boolean };
  if (resizable === true || growable === true) return false;
  let owner: unknown = view;
  while (owner !== null && !Object.hasOwn(owner as object, "length")) owner = Object.getPrototypeOf(owner);
  return owner === TYPED_ARRAY;
}

/** Puts the value of one argument where C finds it. @returns whether it is of the type */
export type Writer = (shared: Shared, value: unknown) => boolean;

export function writer(type: Type, position: number): Writer {
  const at = valueSlot(position);
  switch (type.kind) {
    case "f64":
      return ({ numbers }, value) => {
        if (typeof value !== "number") return false;
        numbers[at] = value;
        return true;
      };
    case "bool":
      return ({ numbers }, value) => {
        numbers[at] = value === true ? 1 : 0;
        return typeof value === "boolean";
      };
    case "i64":
      return ({ bigints }, value) => {
        if (typeof value !== "bigint") return false;
        bigints[at] = value;
        return true;
      };
    case "comm":
      return ({ numbers, bigints }, value) => {
        if (!(value instanceof Communicator)) return false;
        bigints[at] = BigInt(value.handle);
        numbers[at + 1] = value.peers;
        numbers[at + 2] = value.size;
        numbers[at + 3] = value.rank;
        numbers[at + 4] = value.isInter ? 1 : 0;
        return true;
      };
    case "array":
      return arrayWriter(type.element, at);
    case "view":
      return viewWriter(type, at);
    default:
      throw new TypeError(`${typeName(type)} is no type of an argument`);
  }
}

function arrayWriter(element: string, at: number): Writer {
  return ({ numbers }, value) => {
    if (!ArrayBuffer.isView(value) || elementOfArray(tagOf(value)) !== element) return false;
    // Not `value.length`: see `Frame`.
    const length = lengthOf(value);
    // An empty one may be detached, or grow: it is looked at each time.
    numbers[at] = length === 0 ? 0 : addressOf(value);
    numbers[at + 1] = length;
    return true;
  };
}

function viewWriter({ element, rank, strided }: ViewType, at: number): Writer {
  const write = arrayWriter(element, at);
  const { bytes } = ELEMENTS[element];
  return ({ numbers, bigints }, value) => {
    if (!(value instanceof NdView) || value.shape.length !== rank || value.isRowMajor === strided)
      return false;
    const { data, shape, strides, offset } = value;
    if (!write({ numbers, bigints }, data)) return false;
    const length = numbers[at + 1] as number;
    if (value.end > length) throw invalidValue("data of a view", "it was detached or has shrunk", data);
    numbers[at] = (numbers[at] as number) + offset * bytes;
    numbers[at + 1] = length - offset;
    for (let axis = 0; axis < rank; axis++) {
      numbers[at + 2 + axis] = shape[axis] as number;
      if (strided) numbers[at + 2 + rank + axis] = strides[axis] as number;
    }
    return true;
  };
}
