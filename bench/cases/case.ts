/** What a piece of work is to the harness, and what its programs print. */
import type { PeerName } from "../peers.js";

/** What a program prints as one JSON line. */
export interface Measurement {
  readonly name: string;
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

/** One peer that typed-mpi is compared with, and what the comparison must come to. */
export interface Against {
  readonly peer: PeerName;
  /** Bound of typed-mpi / peer, or of typed-mpi - peer if the unit compares by difference. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Case {
  readonly name: string;
  readonly title: string;
  /** The program's name in each peer's folder. */
  readonly program: string;
  /** 0: no MPI job, but a process of its own. */
  readonly ranks: number;
  readonly unit: "ns" | "GB/s" | "B" | "x";
  readonly args: readonly (string | number)[];
  /** The first argument, the number of calls, under `--quick`. */
  readonly quickCalls: number;
  /** Rounds under `--quick`, where fewer do: the program compares by itself. */
  readonly quickRounds?: number;
  readonly against: readonly Against[];
  readonly nodeOptions?: readonly string[];
  /** What the peer "limit" has, in `unit`: a bar that is no ratio. */
  readonly limit?: number;
  /** How many times each program is run in a round, of which the median counts; once under `--quick`. Default 1. */
  readonly samples?: number;
  /** Whether each program is run once before the rounds, to fill a cache. Default false. */
  readonly warmUp?: boolean;
  /** The number that is compared, in `unit`. */
  readonly value: (measurement: Measurement) => number;
}

/** Most are compared by the time per call. */
export const time = ({ ns }: Measurement): number => ns as number;

/** Where programs keep their caches: the harness puts its temporary folder there. */
export const CACHE = "{temporary}";
