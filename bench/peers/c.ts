/** C, by the compiler wrapper of each MPI. */
import { access } from "node:fs/promises";
import { run } from "../launch.js";
import type { Peer } from "./peer.js";

const FLAGS = ["-O3", "-march=native"];

export const c: Peer = {
  name: "c",
  title: "C",
  async find({ compiler }, { root, temporary }) {
    try {
      const [version] = (await run([compiler, "--version"])).split("\n");
      return {
        version: `${version}, ${FLAGS.join(" ")}`,
        async program(program) {
          const binary = `${temporary}/${program}-${compiler.replaceAll("/", "_")}`;
          const isBuilt = await access(binary).then(
            () => true,
            () => false,
          );
          const source = `${root}/bench/programs/c/${program}.c`;
          if (!isBuilt) await run([compiler, ...FLAGS, source, "-o", binary, "-lm"]);
          return { command: [binary] };
        },
      };
    } catch {
      return { missing: `${compiler} does not run` };
    }
  },
};
