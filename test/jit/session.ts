import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forgetSession } from "../../src/jit/config.js";
import { forgetSignatures } from "../../src/jit/signature.js";

/* A process that has read neither its environment nor a configuration file, in directories of its own. */

const variables = [
  ...["HOME", "XDG_CACHE_HOME", "TYPED_MPI_CONF", "TYPED_MPI_CACHE_DIR", "TYPED_MPI_CACHE_LAYERS"],
  ...["CXX", "CC"],
];

/** Where it is. */
export interface Session {
  /** The current directory. */
  readonly here: string;
  readonly home: string;
  /** Sets variables and forgets what was read before. */
  readonly set: (environment: Readonly<Record<string, string>>) => void;
}

/** Calls `body` in such a process, and puts everything back. */
export function inSession(body: (session: Session) => void): void {
  const before = variables.map((name) => [name, process.env[name]] as const);
  const directory = process.cwd();
  const here = realpathSync(mkdtempSync(join(tmpdir(), "typed-mpi-session-")));
  const home = realpathSync(mkdtempSync(join(tmpdir(), "typed-mpi-home-")));
  const set = (environment: Readonly<Record<string, string>>): void => {
    for (const name of variables) delete process.env[name];
    Object.assign(process.env, { HOME: home }, environment);
    forgetSession();
    forgetSignatures();
  };
  try {
    process.chdir(here);
    set({});
    body({ here, home, set });
  } finally {
    process.chdir(directory);
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    forgetSession();
    forgetSignatures();
    for (const path of [here, home]) rmSync(path, { recursive: true });
  }
}
