import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  detectLaunch,
  type Launch,
  type LauncherFamily,
  withoutLaunch,
} from "../../src/mpi/library/launcher.js";
import { findInPath, findLauncher, launchEnvironment } from "../../src/mpi/library/mpiexec.js";
import { installed, only } from "./installed.js";

const launches = suite("detectLaunch");

/** What starters leave in the environment, and what is to be read from it. */
const MARKED: readonly [env: NodeJS.ProcessEnv, expected: Partial<Launch> | undefined][] = [
  [{ PATH: "/usr/bin" }, undefined],
  // The shell of a Slurm allocation: nothing was started.
  [{ SLURM_NTASKS: "4", SLURM_PROCID: "0" }, undefined],
  [
    { OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_RANK: "3", PMIX_RANK: "3" },
    { family: "openmpi", mark: "OMPI_COMM_WORLD_SIZE=4", size: 4, rank: 3, starts: ["openmpi"] },
  ],
  [
    { PMI_SIZE: "2", PMI_RANK: "1", HYDI_CONTROL_FD: "7", MPI_LOCALNRANKS: "2" },
    { family: "mpich", mark: "PMI_SIZE=2", size: 2, rank: 1, starts: ["mpich"] },
  ],
  [
    { PMI_SIZE: "2", PMI_RANK: "0", MPI_LOCALNRANKS: "2", I_MPI_HYDRA_TOPOLIB: "hwloc" },
    { family: "intel", size: 2, rank: 0, starts: ["mpich"] },
  ],
  [
    { PMI_SIZE: "3", PMI_RANK: "0", PMI_SMPD_KEY: "1" },
    { family: "msmpi", mark: "PMI_SMPD_KEY=1", size: 3, starts: ["msmpi"] },
  ],
  [
    { SLURM_NTASKS: "8", SLURM_PROCID: "5", PMIX_RANK: "5" },
    { family: "slurm", size: 8, rank: 5, starts: ["openmpi", "mpich"] },
  ],
  [
    { SLURM_NTASKS: "8", SLURM_PROCID: "5", PMI_RANK: "5" },
    { family: "slurm", size: 8, rank: 5, starts: ["mpich", "openmpi"] },
  ],
  [
    {
      SLURM_NTASKS: "8",
      SLURM_PROCID: "0",
      OMPI_COMM_WORLD_SIZE: "2",
      OMPI_COMM_WORLD_RANK: "1",
      PMIX_RANK: "1",
    },
    { family: "openmpi", size: 2, rank: 1 },
  ],
  [
    { PALS_RANKID: "6", PMI_RANK: "6" },
    { family: "cray", mark: "PALS_RANKID=6", rank: 6, size: undefined },
  ],
  [{ PMIX_RANK: "1" }, { family: "pmix", rank: 1, starts: ["openmpi", "mpich"] }],
  [
    { PMI_RANK: "1", PMI_SIZE: "x" },
    { family: "pmi", rank: 1, size: undefined },
  ],
];

launches("reads who started this process from the marks in its environment", () => {
  for (const [env, expected] of MARKED) {
    const launch = detectLaunch(env);
    if (expected === undefined) assert.is(launch, undefined, JSON.stringify(env));
    for (const [key, value] of Object.entries(expected ?? {})) {
      assert.equal(launch?.[key as keyof Launch], value, `${JSON.stringify(env)}: ${key}`);
    }
  }
});

launches("finds nothing in an environment without the marks, and leaves the rest of it", () => {
  for (const [env] of MARKED) {
    const cleaned = withoutLaunch({ ...env, PATH: "/bin", OMPI_MCA_btl: "self", UCX_TLS: "tcp" });
    assert.is(detectLaunch(cleaned), undefined);
    assert.is(cleaned["PATH"], "/bin");
    assert.is(cleaned["OMPI_MCA_btl"], "self");
    assert.is(cleaned["UCX_TLS"], "tcp");
  }
});

const LAUNCHER = new URL("../../src/mpi/library/launcher.js", import.meta.url).href;
const PROGRAM = `
  import { detectLaunch } from ${JSON.stringify(LAUNCHER)};
  process.stdout.write(JSON.stringify(detectLaunch()) + "\\n");
`;
const NODE = [process.execPath, "--input-type=module", "-e", PROGRAM];

/** What the only process of a job finds out about its launcher. */
function launchUnder(command: readonly string[], env: NodeJS.ProcessEnv): Launch {
  const [program, ...args] = [...command, ...NODE] as [string, ...string[]];
  const stdout = execFileSync(program, args, {
    env: { ...withoutLaunch(process.env), ...env },
    encoding: "utf8",
    timeout: 60_000,
  });
  return JSON.parse(stdout) as Launch;
}

launches("recognizes every launcher that is installed", () => {
  for (const { family, launcher, env } of installed()) {
    const launch = launchUnder([...launcher, "-n", "1"], env);
    assert.equal(launch.starts, [family]);
    assert.is(launch.size, 1);
    assert.is(launch.rank, 0);
    if (process.platform === "linux") assert.ok(launch.executable?.startsWith("/"), launch.executable);
  }
});

launches("in a job that a process of another job started, is the inner one", () => {
  const linux = process.platform === "linux" ? installed() : [];
  const pairs = linux.flatMap((outer) =>
    linux.filter((inner) => inner !== outer).map((inner) => [outer, inner] as const),
  );
  for (const [outer, inner] of only(pairs, "a second MPI")) {
    const command = [...outer.launcher, "-n", "1", ...inner.launcher, "-n", "1"];
    const launch = launchUnder(command, { ...outer.env, ...inner.env });
    assert.equal(launch.starts, [inner.family], command.join(" "));
  }
});

launches.run();

const launchers = suite("findLauncher");

/** A folder laid out like an installation: `bin/<name>` prints `text` when asked for its version. */
function installation(
  names: readonly string[],
  text: string,
  use: (library: string, bin: string) => void,
): void {
  const prefix = mkdtempSync(join(tmpdir(), "typed-mpi-launcher-"));
  const library = join(prefix, "lib", "libmpi.so");
  const bin = join(prefix, "bin");
  mkdirSync(bin);
  mkdirSync(dirname(library));
  writeFileSync(library, "");
  for (const name of names) {
    writeFileSync(join(bin, name), `#!/bin/sh\ncat <<'TEXT'\n${text}\nTEXT\n`);
    chmodSync(join(bin, name), 0o755);
  }
  try {
    use(library, bin);
  } finally {
    rmSync(prefix, { recursive: true });
  }
}

/** What launchers print of themselves. */
const VERSIONS: readonly [family: LauncherFamily, version: string, text: string][] = [
  [
    "openmpi",
    "4.1.4",
    "mpirun.openmpi (OpenRTE) 4.1.4\n\nReport bugs to http://www.open-mpi.org/community/help/",
  ],
  ["openmpi", "5.0.7", "mpirun (Open MPI) 5.0.7\n\nReport bugs to https://www.open-mpi.org/community/help/"],
  ["mpich", "4.0.2", "HYDRA build details:\n    Version:                                 4.0.2\n    CC: gcc"],
  ["mpich", "2021.13", "Intel(R) MPI Library for Linux* OS, Version 2021.13 Build 20240515 (id: df741cb)"],
];

const shell = process.platform === "win32" ? [] : ["sh"];

launchers("takes the mpiexec beside the library and reads its version", () => {
  if (only(shell, "a shell").length === 0) return;
  for (const [family, version, text] of VERSIONS) {
    installation(["mpiexec"], text, (library, bin) => {
      const launcher = findLauncher(library, family, { PATH: process.env["PATH"] });
      assert.is(launcher?.path, join(bin, "mpiexec"));
      assert.is(launcher?.version, version);
      assert.equal(launcher?.arguments(3, ["--map-by", "core"]), ["-n", "3", "--map-by", "core"]);
    });
  }
});

launchers("passes over an mpiexec of another family, beside the library and in PATH", () => {
  if (only(shell, "a shell").length === 0) return;
  const [openmpi, , mpich] = VERSIONS.map(([, , text]) => text) as [string, string, string, string];
  installation(["mpiexec", "mpirun"], openmpi, (library, bin) => {
    const PATH = `${bin}:/bin`;
    assert.is(findLauncher(library, "openmpi", { PATH })?.path, join(bin, "mpirun"));
    const none = join(bin, "../../nowhere/lib/libmpi.so");
    installation(["mpiexec"], mpich, (_, other) => {
      const both = { PATH: `${bin}:${other}:/bin` };
      assert.is(findLauncher(none, "mpich", both)?.path, join(other, "mpiexec"));
    });
  });
  installation(["mpiexec"], "mpiexec of something else, version 1.0", (library, bin) => {
    for (const family of ["openmpi", "mpich"] as const) {
      assert.is.not(findLauncher(library, family, { PATH: bin })?.path, join(bin, "mpiexec"));
    }
  });
});

launchers("finds a program as the shell does", () => {
  if (only(shell, "a shell").length === 0) return;
  assert.match(findInPath("sh") as string, /^\/.*\/sh$/);
  assert.is(findInPath("no-such-program-here"), undefined);
});

launchers.run();

const environments = suite("launchEnvironment");

environments("allows more processes than cores, by the names that the version of Open MPI knows", () => {
  const root = process.getuid?.() === 0;
  assert.equal(launchEnvironment("openmpi", "4.1.4", {}), {
    OMPI_MCA_rmaps_base_oversubscribe: "1",
    ...(root && { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" }),
  });
  assert.equal(launchEnvironment("openmpi", "5.0.7", {}), {
    PRTE_MCA_rmaps_default_mapping_policy: ":oversubscribe",
    ...(root && { PRTE_ALLOW_RUN_AS_ROOT: "1", PRTE_ALLOW_RUN_AS_ROOT_CONFIRM: "1" }),
  });
  assert.equal(launchEnvironment("mpich", "4.0.2", { A: "b" }), { A: "b" });
});

environments("keeps what the user has set", () => {
  const env = { OMPI_MCA_rmaps_base_oversubscribe: "0", A: "b" };
  const result = launchEnvironment("openmpi", "4.1.4", env);
  assert.is(result["OMPI_MCA_rmaps_base_oversubscribe"], "0");
  assert.is(result["A"], "b");
  assert.equal(env, { OMPI_MCA_rmaps_base_oversubscribe: "0", A: "b" });
});

environments.run();
