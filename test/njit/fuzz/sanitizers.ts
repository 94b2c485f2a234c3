import { execFileSync } from "node:child_process";

/* What finds, in the compiled functions, memory that is not theirs and operations that C does not define. */

export const SANITIZERS: readonly string[] = [
  "-g1",
  "-fsanitize=address,undefined,float-cast-overflow",
  "-fno-sanitize-recover=all",
];

/** Node.js itself is not built with them: their library has to be there before everything else. */
export function sanitizedEnvironment(): NodeJS.ProcessEnv {
  const library = execFileSync("cc", ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim();
  return {
    ...process.env,
    LD_PRELOAD: library,
    // What Node.js does not free at its end is no defect.
    ASAN_OPTIONS: "detect_leaks=0",
    UBSAN_OPTIONS: "print_stacktrace=1",
  };
}
