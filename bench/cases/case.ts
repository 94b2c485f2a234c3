/** What a piece of work is to the harness, and what its programs print. */
import type { PeerName } from "../peers/index.js";

/** What a program prints as one JSON line, of as many as it measures. */
export interface Measurement {
  readonly name: string;
  /** Where along the case's axis it was measured. */
  readonly x?: number;
  /** Time per call. */
  readonly ns?: number;
  /** Time of the whole process, start and end included; the harness adds it. */
  readonly wall?: number;
  /** What is compared if it is neither: how many times as long something takes under other conditions. */
  readonly times?: number;
  /** Bytes of V8's heap per call, and how many of them are the value that the call returns. */
  readonly bytes?: number;
  readonly returned?: number;
  /** What the work comes to: the same for all peers but for rounding. */
  readonly result?: number;
}

/** Two peers that are compared, and what the comparison must come to. */
export interface Against {
  /** Default typed-mpi. */
  readonly subject?: PeerName;
  readonly peer: PeerName;
  /** Bound of subject / peer, or of subject - peer if the unit compares by difference. */
  readonly atMost?: number;
  readonly atLeast?: number;
  /** The places along the axis where the bound holds; default all. */
  readonly at?: readonly number[];
}

export type Unit = "ns" | "GB/s" | "M/s" | "B" | "x" | "%";

/** One figure of what the programs of a case print, with a point for each place along the axis. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  /** The measurements that it is made of; default all. */
  readonly of?: string;
  /** The places along the axis that it has; default all that were measured. */
  readonly at?: readonly number[];
  readonly against: readonly Against[];
  /** Peers that are measured as well, but not compared. */
  readonly beside?: readonly PeerName[];
  /** What the peer "limit" has, in `unit`: a bar that is no ratio. */
  readonly limit?: number;
  /** The number that is compared, in `unit`. */
  readonly value: (measurement: Measurement) => number;
}

/** Where results are written together. */
export type Chapter = "calls" | "point-to-point" | "collectives" | "jit" | "njit" | "growth";

/** Programs of the same work, one per peer, which are launched in turn. */
export interface Case {
  readonly name: string;
  readonly chapter: Chapter;
  /** The program's name in each peer's folder. */
  readonly program: string;
  /** 0: no MPI job, but a process of its own. */
  readonly ranks: number;
  readonly args: readonly (string | number)[];
  /** Those of a quick run; without them it leaves the case out. */
  readonly quickArgs?: readonly (string | number)[];
  /** Rounds, where others do than in general: fewer where the programs compare by themselves. */
  readonly rounds?: number;
  readonly quickRounds?: number;
  /** Peers that are slow to start, and are held against no bar: in how many of the rounds they are. */
  readonly slow?: { readonly peers: readonly PeerName[]; readonly rounds: number };
  /** The MPIs under which alone it is measured. */
  readonly mpis?: readonly string[];
  readonly nodeOptions?: readonly string[];
  /** How many times each program is run in a round, of which the median counts; once in a quick run. Default 1. */
  readonly samples?: number;
  /** The peers whose programs are run once before the rounds, to fill a cache. */
  readonly warmUp?: readonly PeerName[];
  /** What the axis is, if there is one. */
  readonly axis?: "bytes" | "ranks" | "entries" | "x";
  /** Where on it the whole case is, if its programs do not say. */
  readonly x?: number;
  readonly figures: readonly Figure[];
}

/** A case of which one figure is made, of the same name. */
export function withOneFigure({
  title,
  unit,
  of,
  against,
  limit,
  value,
  ...work
}: Omit<Case, "figures"> & Omit<Figure, "at" | "beside">): Case {
  const figure = { name: work.name, title, unit, against, value };
  const optional = { ...(of !== undefined && { of }), ...(limit !== undefined && { limit }) };
  return { ...work, figures: [{ ...figure, ...optional }] };
}

/** Most are compared by the time per call. */
export const time = ({ ns }: Measurement): number => ns as number;
export const times = (measurement: Measurement): number => measurement.times as number;

/** Where programs keep their caches: the harness puts its temporary folder there. */
export const CACHE = "{temporary}";

/** How long a batch of a sweep is, in microseconds, and how many there are. */
export const SWEEP = [5000, 9] as const;
export const QUICK_SWEEP = [2000, 7] as const;

/** Ascending powers, in a list as programs take it. */
export const powers = (base: number, from: number, to: number): number[] =>
  Array.from(
    { length: Math.floor(Math.log(to / from) / Math.log(base) + 1e-9) + 1 },
    (_, i) => from * base ** i,
  );

export const MIB: number = 1024 * 1024;
