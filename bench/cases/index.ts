/**
 * What is measured. New work needs its case in the file of its chapter and a program of the name that it gives in the
 * folder of each peer under `programs/`.
 */
import { callCases } from "./calls.js";
import type { Case } from "./case.js";
import { collectiveCases } from "./collectives.js";
import { growthCases } from "./growth.js";
import { jitCases } from "./jit.js";
import { njitCases } from "./njit.js";
import { pointToPointCases } from "./point-to-point.js";

export type { Against, Case, Chapter, Figure, Measurement, Unit } from "./case.js";

export const cases: readonly Case[] = [
  ...callCases,
  ...pointToPointCases,
  ...collectiveCases,
  ...jitCases,
  ...njitCases,
  ...growthCases,
];
