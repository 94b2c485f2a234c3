import { runInThisContext } from "node:vm";
import type { Tested } from "./compare.js";

/** The function of a text, as if it stood alone in a file of this name. */
export const functionOf = (text: string, filename: string = "kernel.js"): Tested =>
  runInThisContext(`(\n${text}\n)`, { filename, lineOffset: -1 }) as Tested;
