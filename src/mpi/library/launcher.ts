import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/**
 * Whose launcher starts whose libraries. Hydra starts the whole MPICH family (MPICH, Intel MPI, MVAPICH,
 * Cray), whatever the ABI of the library.
 */
export type LauncherFamily = "openmpi" | "mpich" | "msmpi";

const FAMILIES: Readonly<Record<LauncherFamily, { readonly name: string; readonly starters: RegExp }>> = {
  // starters: file names of the processes that start ranks, if only this family has them
  openmpi: { name: "Open MPI", starters: /^(?:orterun|orted|prterun|prted|prte)\b/ },
  mpich: { name: "MPICH", starters: /hydra/ },
  msmpi: { name: "Microsoft MPI", starters: /^smpd\b/ },
};

/** How people call the family. */
export const familyName = (family: LauncherFamily): string => FAMILIES[family].name;

/** How a process was started, as its environment tells. */
export interface Launch {
  /** Who set the marks: `"slurm"` and `"pmix"` start either family, `"pmi"` most. */
  readonly family: "openmpi" | "intel" | "mpich" | "msmpi" | "cray" | "slurm" | "pmix" | "pmi";
  /** The starter as people call it, `"mpirun of Open MPI"`. */
  readonly name: string;
  /** The mark and its value, `"OMPI_COMM_WORLD_SIZE=4"`. */
  readonly mark: string;
  /** Number of processes started together, and which of them this is, where the marks say. */
  readonly size: number | undefined;
  readonly rank: number | undefined;
  /** The libraries whose processes find each other under it, the likeliest first. */
  readonly starts: readonly LauncherFamily[];
  /** The program that started this process, if the system tells. */
  readonly executable: string | undefined;
}

interface Marks extends Pick<Launch, "family" | "name" | "starts"> {
  /** All must be set; a name that ends in `*` stands for any that begins so. The last one is reported. */
  readonly marks: readonly string[];
  readonly size?: string;
  readonly rank?: string;
}

const PMI = { size: "PMI_SIZE", rank: "PMI_RANK" };

/** First match wins: specific marks precede those that several starters set. */
const MARKS: readonly Marks[] = [
  {
    family: "openmpi",
    name: "mpirun of Open MPI",
    starts: ["openmpi"],
    marks: ["OMPI_COMM_WORLD_SIZE"],
    size: "OMPI_COMM_WORLD_SIZE",
    rank: "OMPI_COMM_WORLD_RANK",
  },
  { family: "msmpi", name: "mpiexec of Microsoft MPI", starts: ["msmpi"], marks: ["PMI_SMPD_*"], ...PMI },
  {
    family: "intel",
    name: "mpiexec of Intel MPI",
    starts: ["mpich"],
    marks: ["I_MPI_HYDRA_TOPOLIB", "PMI_RANK"],
    ...PMI,
  },
  {
    family: "mpich",
    name: "mpiexec of MPICH (Hydra)",
    starts: ["mpich"],
    marks: ["HYDI_CONTROL_FD", "PMI_SIZE"],
    ...PMI,
  },
  {
    family: "mpich",
    name: "mpiexec of MPICH (Hydra)",
    starts: ["mpich"],
    marks: ["MPI_LOCALNRANKS", "PMI_SIZE"],
    ...PMI,
  },
  {
    family: "cray",
    name: "Cray PALS",
    starts: ["mpich", "openmpi"],
    marks: ["PALS_RANKID"],
    rank: "PALS_RANKID",
  },
  {
    family: "slurm",
    name: "srun of Slurm (PMIx)",
    starts: ["openmpi", "mpich"],
    marks: ["SLURM_PROCID", "PMIX_RANK"],
    size: "SLURM_NTASKS",
    rank: "PMIX_RANK",
  },
  {
    family: "slurm",
    name: "srun of Slurm (PMI)",
    starts: ["mpich", "openmpi"],
    marks: ["SLURM_PROCID", "PMI_RANK"],
    size: "SLURM_NTASKS",
    rank: "PMI_RANK",
  },
  {
    family: "pmix",
    name: "a PMIx launcher",
    starts: ["openmpi", "mpich"],
    marks: ["PMIX_RANK"],
    rank: "PMIX_RANK",
  },
  {
    family: "pmi",
    name: "a PMI launcher",
    starts: ["mpich", "openmpi"],
    marks: ["PMI_RANK", "PMI_SIZE"],
    ...PMI,
  },
];

/** The variable that answers to a mark, if it is set. */
function findMark(env: NodeJS.ProcessEnv, mark: string): string | undefined {
  if (!mark.endsWith("*")) return env[mark] === undefined ? undefined : mark;
  return Object.keys(env).find((name) => name.startsWith(mark.slice(0, -1)));
}

const integerOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;

/** The launcher that started this process, by the marks it leaves in `env`; undefined if none did. */
export function detectLaunch(env: NodeJS.ProcessEnv = process.env): Launch | undefined {
  const matches = MARKS.filter(({ marks }) => marks.every((mark) => findMark(env, mark) !== undefined));
  if (matches.length === 0) return undefined;
  const starter = startingProcess();
  // A job started from within a job inherits the outer marks: the nearest launcher above this process
  // decides.
  const chosen =
    matches.find(({ starts }) => starter !== undefined && starts[0] === starter.family) ?? matches[0];
  const { family, name, starts, marks, size, rank } = chosen as Marks;
  const mark = findMark(env, marks.at(-1) as string) as string;
  return {
    family,
    name,
    starts,
    mark: `${mark}=${env[mark]}`,
    size: integerOf(env[size ?? ""]),
    rank: integerOf(env[rank ?? ""]),
    executable: starter !== undefined && starts.includes(starter.family) ? starter.path : undefined,
  };
}

/** The nearest process above this one that is known to start ranks. Linux only: elsewhere asking is slow. */
function startingProcess(): { path: string; family: LauncherFamily } | undefined {
  if (process.platform !== "linux") return undefined;
  let pid = process.ppid;
  for (let depth = 0; depth < 16 && pid > 1; depth++) {
    try {
      // "PID (NAME) STATE PPID ...", and NAME may hold anything.
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const path = executableOf(pid);
      const family = path === undefined ? undefined : familyOfExecutable(path);
      if (path !== undefined && family !== undefined) return { path, family };
      pid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** Undefined for the processes of other users, sudo among them. */
function executableOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

/** The family of a launcher by the name of its file alone, which `mpirun` does not tell. */
export function familyOfExecutable(path: string): LauncherFamily | undefined {
  const name = basename(path);
  return (Object.keys(FAMILIES) as LauncherFamily[]).find((family) => FAMILIES[family].starters.test(name));
}

/** What launchers set for their ranks: who they are, and the way to the launcher's own sockets. */
const INHERITED = [
  /^OMPI_(?:COMM_WORLD|APP_CTX|FILE|FIRST|NUM_APP|UNIVERSE|COMMAND|ARGV)/,
  /^OMPI_MCA_(?:ess|orte|pmix|initial_wdir|shmem_RUNTIME_QUERY)/,
  /^(?:PMI|PMIX|HYDI|HYDRA)_/,
  /^(?:MPI_LOCAL|PALS_RANKID|I_MPI_HYDRA_TOPOLIB|PRTE_LAUNCHED|PRTE_MCA_ess)/,
];

/** `env` without the marks of the launcher that started this process, for one that shall not join its job. */
export function withoutLaunch(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !INHERITED.some((marks) => marks.test(name))),
  );
}
