import type { ArrayCall, Assign, Expression, MakeView, Variable } from "../ir.js";
import { ELEMENTS, type ElementName, int, type Type, type ViewType } from "../types.js";
import { stored } from "./element.js";
import { type Emitter, lengthOf, shapeOf } from "./emitter.js";
import { condition, value, values } from "./expression.js";
import type { Value } from "./operand.js";

/** Where an array or a view is, in C. */
export interface Place {
  readonly pointer: string;
  readonly length: string;
  readonly element: ElementName;
  /** Of a view, the length of each dimension. */
  readonly shape: readonly string[];
  /** Of a part of a view, how far apart the neighbours of each dimension are, in elements. */
  readonly strides: readonly string[];
}

/** An array with its length. */
export function array(emitter: Emitter, e: Expression): Place {
  const type = e.type as Extract<Type, { kind: "array" | "view" }>;
  const { element } = type;
  const { c, bytes } = ELEMENTS[element];
  switch (e.op) {
    case "read":
      return placeOf(e.variable, element);
    case "assign":
      giveArray(emitter, e);
      return placeOf(e.variable, element);
    case "make-view":
      return makeView(emitter, e);
    case "new-array": {
      const given = value(emitter, e.length);
      const length = emitter.keep(whole(given), int(0, 1));
      const pointer = emitter.name("p");
      emitter.hasArrays = true;
      emitter.say(`${c} *${pointer} = njit_new(c, ${length}, ${bytes});`);
      const failure = {
        is: "throw",
        site: e.site,
        error: "RangeError",
        message: `Invalid typed array length`,
      } as const;
      emitter.say(
        `if (UNLIKELY(!${pointer} || ${length} > ${emitter.program.assumption.most}LL)) ${emitter.fail(failure)}`,
      );
      return { pointer, length, element, shape: [], strides: [] };
    }
    case "array-call":
      return type.kind === "view" ? partOfView(emitter, e, type) : arrayCall(emitter, e);
    case "conditional": {
      if (type.kind === "view") break;
      const test = condition(emitter, e.test);
      const pointer = emitter.name("p");
      const length = emitter.name("n");
      emitter.say(`${c} *${pointer}; int64_t ${length};`);
      emitter.say(`if (${test}) {`);
      const then = array(emitter, e.whenTrue);
      emitter.say(`${pointer} = ${then.pointer}; ${length} = ${then.length};`);
      emitter.say("} else {");
      const otherwise = array(emitter, e.otherwise);
      emitter.say(`${pointer} = ${otherwise.pointer}; ${length} = ${otherwise.length};`);
      emitter.say("}");
      return { pointer, length, element, shape: [], strides: [] };
    }
  }
  const { source, start, end } = e.site;
  throw source.error("ERR_NJIT_UNSUPPORTED", "expected the name of an array", start, end);
}

const placeOf = (variable: Variable, element: ElementName): Place => ({
  pointer: variable.c,
  length: lengthOf(variable),
  element,
  ...(variable.type?.kind === "view"
    ? {
        shape: shapeOf(variable).slice(0, variable.type.rank),
        strides: shapeOf(variable).slice(variable.type.rank),
      }
    : { shape: [], strides: [] }),
});

function makeView(emitter: Emitter, e: MakeView): Place {
  const { pointer, length, element } = array(emitter, e.array);
  const shape = values(emitter, e.shape).map((given) => {
    const text = given.type.kind === "int" ? given.int : `njit_index(${given.f64})`;
    return emitter.keep(text, int(0, 1));
  });
  // Each is no more than the array has before it is multiplied.
  const fits = shape.reduceRight(
    (rest, each) => `(${each} == 0 ? 0 : ${rest} > ${length} / ${each} ? -1 : ${rest} * ${each})`,
    "1",
  );
  const failure = {
    is: "argument",
    site: e.site,
    message: "the array has too few elements for this shape",
  } as const;
  const isNegative = shape.map((each) => `${each} < 0`).join(" || ");
  emitter.say(
    `if (UNLIKELY(${isNegative} || ${fits.replaceAll("-1", "INT64_MAX / 2")} > ${length})) ${emitter.fail(failure)}`,
  );
  return { pointer, length, element, shape, strides: [] };
}

/** A row, a column, a block: each argument is an index, `[from, to]`, or null for all of a dimension. */
function partOfView(emitter: Emitter, e: ArrayCall, type: ViewType): Place {
  const whole = array(emitter, e.array);
  const { c } = ELEMENTS[type.element];
  const strides = whole.shape.map((_, axis) =>
    whole.strides.length > 0
      ? (whole.strides[axis] as string)
      : whole.shape.slice(axis + 1).join(" * ") || "1",
  );
  const begins: string[] = [];
  const kept: { length: string; stride: string }[] = [];
  e.args.forEach((arg, axis) => {
    const [length, stride] = [whole.shape[axis] as string, strides[axis] as string];
    if (arg.type?.kind === "null") {
      kept.push({ length, stride });
      return;
    }
    const limits = values(emitter, arg.op === "list" ? arg.items : [arg]).map((given) =>
      emitter.keep(given.type.kind === "int" ? given.int : `njit_index(${given.f64})`, int(0, 1)),
    );
    const [from, to] = limits as [string, string | undefined];
    const failure = emitter.fail({ is: "index", site: arg.site }, to ?? from, length);
    emitter.say(
      to === undefined
        ? `if (UNLIKELY((uint64_t)${from} >= (uint64_t)${length})) ${failure}`
        : `if (UNLIKELY(${from} < 0 || ${to} < ${from} || ${to} > ${length})) ${failure}`,
    );
    begins.push(`${from} * (${stride})`);
    if (to !== undefined) kept.push({ length: `${to} - ${from}`, stride });
  });
  const pointer = emitter.name("p");
  const begin = emitter.keep(begins.join(" + ") || "0", int(0, 1));
  emitter.say(`${c} *${pointer} = ${whole.pointer} + ${begin};`);
  return {
    pointer,
    length: emitter.keep(`${whole.length} - ${begin}`, int(0, 1)),
    element: type.element,
    shape: kept.map((each) => emitter.keep(each.length, int(0, 1))),
    strides: kept.map((each) => emitter.keep(each.stride, int(0, 1))),
  };
}

export function arrayCall(emitter: Emitter, e: ArrayCall): Place {
  const target = array(emitter, e.array);
  const { c } = ELEMENTS[target.element];
  const bound = (given: Value | undefined, otherwise: string): string =>
    given === undefined ? otherwise : `njit_within(${whole(given)}, ${target.length})`;
  if (e.name === "set") {
    const [from, to] = e.args as [Expression, Expression | undefined];
    const source = array(emitter, from);
    const offset = to === undefined ? "0" : emitter.keep(whole(value(emitter, to)), int(0, 1));
    const failure = {
      is: "throw",
      site: e.site,
      error: "RangeError",
      message: "offset is out of bounds",
    } as const;
    emitter.say(
      `if (UNLIKELY(${offset} < 0 || ${source.length} > ${target.length} - ${offset})) ${emitter.fail(failure)}`,
    );
    emitter.say(
      `if (${source.length} > 0) memmove(${target.pointer} + ${offset}, ${source.pointer}, (size_t)${source.length} * sizeof(${c}));`,
    );
    return target;
  }
  const args = values(emitter, e.args);
  const [from, to] = e.name === "fill" ? args.slice(1) : args;
  const begin = emitter.keep(bound(from, "0"), int(0, 1));
  const end = emitter.keep(bound(to, target.length), int(0, 1));
  if (e.name === "fill") {
    const filled = emitter.keep(stored(args[0] as Value, target.element), ELEMENTS[target.element].type);
    const i = emitter.name("i");
    emitter.say(
      `for (int64_t ${i} = ${begin}; ${i} < ${end}; ${i}++) ${target.pointer}[${i}] = (${c})${filled};`,
    );
    return target;
  }
  const length = emitter.keep(`${end} > ${begin} ? ${end} - ${begin} : 0`, int(0, 1));
  const pointer = emitter.name("p");
  emitter.say(`${c} *${pointer} = ${target.pointer} + ${begin};`);
  return { pointer, length, element: target.element, shape: [], strides: [] };
}

/** An integer for what takes one, of a double its integral part. */
const whole = (given: Value): string =>
  given.type.kind === "int" || given.type.kind === "bool" ? given.int : `njit_whole(${given.f64})`;

export function giveArray(emitter: Emitter, e: Assign): void {
  const { pointer, length, shape, strides } = array(emitter, e.value);
  emitter.say(`${e.variable.c} = ${pointer}; ${lengthOf(e.variable)} = ${length};`);
  const words = [...shape, ...strides];
  shapeOf(e.variable).forEach((each, i) => {
    emitter.say(`${each} = ${words[i]};`);
  });
}
