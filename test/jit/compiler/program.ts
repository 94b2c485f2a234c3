import { runCompiler } from "../../../src/jit/compiler/run.js";

// program.js sync|async CWD COMMAND...: runs the command as a compiler, to be killed while it does.
const [form, cwd, ...command] = process.argv.slice(2) as [string, string, ...string[]];
const effect = runCompiler(command, { cwd, timeout: 60, label: "" });
if (form === "sync") effect.sync();
else await effect.async();
