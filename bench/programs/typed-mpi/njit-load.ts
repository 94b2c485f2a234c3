/** njit-load CALLS FOLDER: the library of a function that is translated already, in a new process, from disk. */
import { join } from "node:path";
import { argv, hrtime } from "node:process";
import { compile, translate } from "../../../src/njit/run/compile.js";
import { parseSignature } from "../../../src/njit/signature.js";
import { FunctionSource } from "../../../src/njit/source/source.js";
import { axpy } from "../kernels.js";

const cacheDir = join(argv[3] as string, "typed-mpi-njit");
const source = new FunctionSource(axpy, {});
const translation = translate(source, parseSignature("f64, f64[], f64[]"), "throw");
const start = hrtime.bigint();
const { native } = compile(source, translation, {
  fastmath: false,
  comm: undefined,
  params: { cache: { cacheDir } },
});
const ns = Number(hrtime.bigint() - start);
if (typeof native !== "function") throw new Error("the work was not done");
console.log(JSON.stringify({ name: "njit-load", ns }));
