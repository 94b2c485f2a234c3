/** The plots of a run. */
import type { TopLevelSpec } from "vega-lite";
import type { Results } from "../../results.js";
import { growths } from "../growth.js";
import { kernels, libraries, pi } from "./compiled.js";
import { draw } from "./draw.js";
import { withEntries, withRanks, withSize } from "./growth.js";
import { collectives, pointToPoint } from "./messages.js";

/** The plots by the names of their files, which begin with the chapter; those without two points are left out. */
export async function plotsOf({ points: all, machine: { cores } }: Results): Promise<Map<string, string>> {
  const specs = new Map<string, TopLevelSpec | undefined>();
  const mpis = [...new Set(all.map(({ mpi }) => mpi))].filter((mpi) => mpi !== "-");
  for (const mpi of mpis) {
    const points = all.filter((point) => point.mpi === mpi);
    const found = growths(points, cores);
    const name = nameOf(mpi);
    specs.set(`point-to-point-${name}.svg`, pointToPoint(points, mpi));
    specs.set(`collectives-${name}.svg`, collectives(points, mpi));
    specs.set(`njit-pi-${name}.svg`, pi(points, mpi));
    specs.set(`growth-sizes-${name}.svg`, withSize(found, mpi));
    specs.set(`growth-ranks-${name}.svg`, withRanks(found, mpi, cores));
  }
  specs.set("jit-libraries.svg", libraries(all));
  specs.set("njit-kernels.svg", kernels(all));
  specs.set("growth-entries.svg", withEntries(growths(all, cores)));
  const drawn = [...specs].flatMap(([name, spec]) => (spec === undefined ? [] : [{ name, spec }]));
  return new Map(await Promise.all(drawn.map(async ({ name, spec }) => [name, await draw(spec)] as const)));
}

/** An MPI without its version, as a file's name has it. */
const nameOf = (mpi: string): string => mpi.replace(/ \S*$/, "").replaceAll(" ", "-").toLowerCase();
