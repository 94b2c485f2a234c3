/** As that of `jit`, for the C compiler, and for the processor that is compiled for. */
import { prepareIdentity, targetIdentity } from "../jit/compiler/identity.js";
import { defaultBuildParams } from "../jit/params.js";
import { FLAGS } from "./run/compile.js";

try {
  targetIdentity(FLAGS);
  prepareIdentity({ ...defaultBuildParams(), language: "c" });
} catch {
  // Without a compiler the first call tells so.
}
