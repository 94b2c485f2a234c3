import type { Parameter } from "./generator.js";
import { Random } from "./random.js";
import { type AnyArray, ARRAYS, type ArrayName, BIGINTS, fill, tameNumber, wildNumber } from "./values.js";

export type Argument = number | boolean | bigint | AnyArray;

/** Arguments for the parameters: the same for the same seed. Some arrays are the same, or overlap. */
export function argumentsFor(parameters: readonly Parameter[], seed: number): Argument[] {
  const random = new Random(seed);
  const made = new Map<ArrayName, AnyArray>();
  return parameters.map((parameter) => {
    switch (parameter) {
      case "tame":
        return tameNumber(random);
      case "number":
        return wildNumber(random);
      case "boolean":
        return random.chance(0.5);
      case "bigint":
        return random.pick(BIGINTS);
      default: {
        const before = made.get(parameter);
        const array =
          before && random.chance(0.3) ? overlapping(before, random) : newArray(parameter, random);
        made.set(parameter, array);
        return array;
      }
    }
  });
}

function newArray(kind: ArrayName, random: Random): AnyArray {
  const length = random.weighted([
    [1, 0],
    [1, 1 + random.below(3)],
    [4, 4 + random.below(5)],
    [4, 12],
  ]);
  return fill(new ARRAYS[kind](length) as AnyArray, random);
}

const overlapping = (array: AnyArray, random: Random): AnyArray =>
  random.chance(0.5) ? array : array.subarray(random.below(3));

/** The same as text, to show. */
export const show = (values: readonly unknown[]): string =>
  values
    .map((value) => {
      if (typeof value === "bigint") return `${value}n`;
      if (ArrayBuffer.isView(value)) {
        const items = Array.from(value as Float64Array, (each) => show([each]));
        return `new ${value.constructor.name}([${items.join(", ")}])`;
      }
      if (Array.isArray(value)) return `[${show(value)}]`;
      return Object.is(value, -0) ? "-0" : String(value);
    })
    .join(", ");
