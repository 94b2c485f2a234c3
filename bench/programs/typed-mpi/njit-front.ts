/** njit-front CALLS: a function's translation into C, the first in a process; prints how long it took. */
import { hrtime } from "node:process";
import { translate } from "../../../src/njit/run/compile.js";
import { parseSignature } from "../../../src/njit/signature.js";
import { FunctionSource } from "../../../src/njit/source/source.js";
import { heat2d } from "../kernels.js";

const start = hrtime.bigint();
const { code } = translate(
  new FunctionSource(heat2d, {}),
  parseSignature("f64, f64, f64, f64[], f64[]"),
  "throw",
);
const ns = Number(hrtime.bigint() - start);
if (!code.includes("njit_call")) throw new Error("the work was not done");
console.log(JSON.stringify({ name: "njit-front", ns }));
