/**
 * What is measured: one entry per piece of work. A new one needs its entry in the file of its floor and a program of the
 * name that it gives in the folder of each peer under `programs/`.
 */
import type { Case } from "./case.js";
import { jitCases } from "./jit.js";
import { mpiCases } from "./mpi.js";
import { njitCases } from "./njit.js";

export type { Against, Case, Measurement } from "./case.js";

export const cases: readonly Case[] = [...mpiCases, ...jitCases, ...njitCases];
