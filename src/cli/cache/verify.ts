import { type Problem, verifyCache } from "../../jit/cache/verify.js";
import type { CacheCommand } from "./command.js";
import { formatBytes, plural } from "./format.js";

export const verify: CacheCommand = {
  summary: "read every file and compare it with what was built",
  details: `Nothing is changed. What is damaged is never loaded: it is built anew when it is
asked for, or removed by \`typed-mpi cache clean --signature SIGNATURE\`.

Exit code 0 if everything is as it was built, 1 if something is damaged.

Examples:
  typed-mpi cache verify
  typed-mpi cache verify --json
`,
  options: {},
  run: (_, { cache }) => {
    const found = verifyCache(cache);
    const { entries, files, bytes, problems, outdated, orphans } = found;
    const lines = [
      ...problems.map((each) => `damaged: ${describe(each)}`),
      ...outdated.map((each) => `outdated: ${describe(each)}`),
      ...orphans.map((filename) => `without a library: ${filename}`),
      `${plural(entries, "library", "libraries")} with ${plural(files, "file")}, ${formatBytes(bytes)}: ` +
        (problems.length === 0 ? "all as they were built" : `${plural(problems.length, "problem")}`),
    ];
    return { exitCode: problems.length === 0 ? 0 : 1, data: found, lines };
  },
};

const describe = ({ filename, problem }: Problem): string => `${filename} ${problem}`;
