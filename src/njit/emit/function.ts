import type { Program } from "../infer/program.js";
import type { Instance, Loop, Statement, Switch, Variable } from "../ir.js";
import { ELEMENTS, int, layoutWords, type Type } from "../types.js";
import { Emitter, lengthOf, shapeOf } from "./emitter.js";
import { condition, perform, value } from "./expression.js";
import { hoisted } from "./hoist.js";
import { cType, type Library, RESTRICT } from "./library.js";
import { emitParallel, threadsOf } from "./parallel.js";
import { emitStackCheck } from "./recursion.js";
import { endsWithRound } from "./round.js";
import { valueSlot } from "./slots.js";
import { roundsOf } from "./stride.js";

/** A function in C: its head, and its body, both for any version (see {@link PREFIX}). */
export function emitFunction(
  program: Program,
  instance: Instance,
  library: Library,
  apart: ReadonlySet<Variable>,
): { head: string; body: string } {
  const emitter = new Emitter(program, instance, library);
  const { lowered, parameterTypes } = instance;
  const result = instance.result as Type;
  const parameters = lowered.parameters.flatMap((parameter, i) => {
    const type = parameterTypes[i] as Type;
    const name = argumentName(i);
    if (type.kind !== "array" && type.kind !== "view") return [`${cType(type, library)} ${name}`];
    const extents =
      type.kind === "view"
        ? Array.from({ length: layoutWords(type) }, (_, k) => `int64_t ${name}_s${k}`)
        : [];
    const restrict = instance.id === 0 && apart.has(parameter) ? RESTRICT : "";
    return [`${cType(type, library)}${restrict}${name}`, `int64_t ${name}_n`, ...extents];
  });
  // In the entry, which would take it in, gcc knows less of its loops: half of them are not vectorized.
  const isolated = instance.id === 0 ? "__attribute__((noinline)) " : "";
  const head = `static ${isolated}${cType(result, library)} ${emitter.nameOf(instance)}(${["slot *c", ...parameters].join(", ")})`;
  emitStackCheck(emitter);
  statement(emitter, lowered.body);
  const body = emitter.lines;
  const declarations = variables(emitter);
  if (emitter.hasArrays) declarations.unshift("int64_t arena = c[5].i;");
  const release = emitter.hasArrays ? "njit_release(c, arena);" : "";
  const isVoid = result.kind === "void";
  const nothing = isStruct(result) ? `(${cType(result, library)}){0}` : "0";
  const end = [
    isVoid ? `${release} return;` : "",
    `failed: __attribute__((unused)); ${release} return${isVoid ? "" : ` ${nothing}`};`,
  ];
  return { head, body: `${[...declarations, ...body, ...end].filter(Boolean).join("\n")}\n` };
}

/** What C cannot say as 0. */
const isStruct = ({ kind }: Type): boolean =>
  ["tuple", "status", "completion", "comm", "request", "requests", "maybe"].includes(kind);

const argumentName = (i: number): string => `a${i}`;

/** All variables, declared at the top: parameters and captures with their values. */
function variables(emitter: Emitter): string[] {
  const { lowered } = emitter.instance;
  const { library } = emitter;
  return lowered.variables.flatMap((variable) => {
    const { type } = variable;
    if (type === undefined || type.kind === "void") return [];
    const parameter = lowered.parameters.indexOf(variable);
    const capture = lowered.captures.find((each) => each.variable === variable);
    const c = cType(type, library);
    if (type.kind === "array" || type.kind === "view") {
      const element = ELEMENTS[type.element].c;
      const at = capture === undefined ? 0 : valueSlot(emitter.seeds + capture.index);
      const [pointer, length] =
        parameter >= 0
          ? [argumentName(parameter), `${argumentName(parameter)}_n`]
          : capture === undefined
            ? ["0", "0"]
            : [`(${element} *)(intptr_t)c[${at}].f`, `(int64_t)c[${at + 1}].f`];
      const shape = shapeOf(variable).map((extent, axis) => {
        const given =
          parameter >= 0
            ? `${argumentName(parameter)}_s${axis}`
            : capture
              ? `(int64_t)c[${at + 2 + axis}].f`
              : "0";
        return `int64_t ${extent} = ${given};`;
      });
      return [`${c}${variable.c} = ${pointer}; int64_t ${lengthOf(variable)} = ${length};`, ...shape];
    }
    if (parameter >= 0) return [`${c} ${variable.c} = ${argumentName(parameter)};`];
    if (capture !== undefined)
      return [`${c} ${variable.c} = njit_comm_at(c + ${valueSlot(emitter.seeds + capture.index)});`];
    return [`${c} ${variable.c} = ${isStruct(type) ? "{0}" : "0"};`];
  });
}

function statement(emitter: Emitter, s: Statement | undefined): void {
  switch (s?.op) {
    case "evaluate":
      perform(emitter, s.value);
      break;
    case "block":
      if (s.id !== undefined) emitter.copies.set(s.id, emitter.copy);
      for (const each of s.body) statement(emitter, each);
      if (s.id !== undefined) emitter.say(`break_${s.id}${emitter.copy}: __attribute__((unused));`);
      break;
    case "if": {
      emitter.say(`if (${condition(emitter, s.test)}) {`);
      statement(emitter, s.whenTrue);
      if (s.otherwise !== undefined) {
        emitter.say("} else {");
        statement(emitter, s.otherwise);
      }
      emitter.say("}");
      break;
    }
    case "loop":
      loop(emitter, s);
      break;
    case "switch":
      switchStatement(emitter, s);
      break;
    case "break":
    case "continue":
      emitter.say(`goto ${s.op}_${s.target}${emitter.copies.get(s.target)};`);
      break;
    case "return":
      returnStatement(emitter, s);
      break;
    case "throw": {
      const { site, error, message } = s;
      emitter.say(emitter.fail({ is: "throw", site, error, message }));
      break;
    }
  }
}

function returnStatement(emitter: Emitter, s: Extract<Statement, { op: "return" }>): void {
  const release = (): void => {
    if (emitter.hasArrays) emitter.say("njit_release(c, arena);");
  };
  const result = emitter.instance.result as Type;
  if (s.value === undefined || result.kind === "void") {
    if (s.value !== undefined) perform(emitter, s.value);
    release();
    emitter.say("return;");
    return;
  }
  if (result.kind === "tuple" && s.value.op === "list") {
    const c = emitter.library.tuple(result);
    const name = emitter.name("r");
    emitter.say(`${c} ${name};`);
    s.value.items.forEach((item, i) => {
      emitter.say(`${name}.f${i} = ${value(emitter, item).as(result.items[i] as Type)};`);
    });
    release();
    emitter.say(`return ${name};`);
    return;
  }
  const given = value(emitter, s.value).as(result);
  const kept = emitter.hasArrays ? emitter.keep(given, result) : given;
  release();
  emitter.say(`return ${kept};`);
}

/** A loop; of one that counts, twice: without the checks that one test before makes needless, and with them. */
function loop(emitter: Emitter, s: Loop): void {
  statement(emitter, s.init);
  const plan = emitter.boundscheck === "none" ? undefined : hoisted(emitter, s);
  if (plan === undefined) {
    rounds(emitter, s);
    return;
  }
  emitter.say(`if (${plan.test}) {`);
  for (const access of plan.accesses) emitter.unchecked.add(access);
  const copy = emitter.copy;
  emitter.copy = emitter.name("_");
  rounds(emitter, s);
  emitter.copy = copy;
  for (const access of plan.accesses) emitter.unchecked.delete(access);
  emitter.say("} else {");
  rounds(emitter, s);
  emitter.say("}");
}

function rounds(emitter: Emitter, s: Loop): void {
  const { copy } = emitter;
  emitter.copies.set(s.id, copy);
  const threads = s.parallel ? threadsOf(emitter, s) : undefined;
  // Each thread has a list of new arrays of its own.
  const arrays = !endsWithRound(emitter.instance, s)
    ? undefined
    : threads === undefined
      ? emitter.keep("c[5].i", int(0, 1))
      : "0";
  const body = (): void => {
    statement(emitter, s.body);
    emitter.say(`continue_${s.id}${copy}: __attribute__((unused));`);
    if (arrays !== undefined) emitter.say(`njit_release(c, ${arrays});`);
  };
  if (threads !== undefined) {
    emitParallel(emitter, threads, body);
    return;
  }
  const counted = roundsOf(emitter, s);
  if (counted !== undefined) {
    emitter.say(counted.head);
    emitter.say(counted.begin);
    body();
    emitter.say("}");
    emitter.say(counted.end);
  } else uncounted(emitter, s, body);
  emitter.say(`break_${s.id}${copy}: __attribute__((unused));`);
}

/** A loop as the source has it. */
function uncounted(emitter: Emitter, s: Loop, body: () => void): void {
  const test =
    s.test === undefined
      ? undefined
      : emitter.apart(() => condition(emitter, s.test as NonNullable<typeof s.test>));
  const update = emitter.apart(() => {
    if (s.update !== undefined) perform(emitter, s.update);
  });
  const isPlain =
    !s.isTestLast && (test === undefined || test.lines.length === 0) && update.lines.length <= 1;
  if (isPlain) {
    const step = update.lines[0]?.replace(/;$/, "") ?? "";
    emitter.say(`for (; ${test?.result ?? ""}; ${step}) {`);
    body();
    emitter.say("}");
  } else {
    emitter.say("for (;;) {");
    const leave = (): void => {
      if (test === undefined) return;
      emitter.lines.push(...test.lines);
      emitter.say(`if (!${test.result}) break;`);
    };
    if (!s.isTestLast) leave();
    body();
    if (s.isTestLast) leave();
    emitter.lines.push(...update.lines);
    emitter.say("}");
  }
}

function switchStatement(emitter: Emitter, s: Switch): void {
  const { copy } = emitter;
  emitter.copies.set(s.id, copy);
  const given = value(emitter, s.value);
  const kept = emitter.keep(given.text, given.type);
  s.cases.forEach(({ test }, i) => {
    if (test === undefined) return;
    const against = value(emitter, test);
    const isReal = given.type.kind !== "int" || against.type.kind !== "int";
    const left =
      isReal && against.type.kind !== "i64" && given.type.kind === "int" ? `(double)${kept}` : kept;
    emitter.say(
      `if (${left} == ${isReal && given.type.kind !== "i64" ? against.f64 : against.text}) goto case_${s.id}_${i}${copy};`,
    );
  });
  const otherwise = s.cases.findIndex(({ test }) => test === undefined);
  emitter.say(otherwise < 0 ? `goto break_${s.id}${copy};` : `goto case_${s.id}_${otherwise}${copy};`);
  s.cases.forEach(({ body }, i) => {
    emitter.say(`case_${s.id}_${i}${copy}: __attribute__((unused)); {`);
    statement(emitter, body);
    emitter.say("}");
  });
  emitter.say(`break_${s.id}${copy}: __attribute__((unused));`);
}
