/** The part of the README on speed, which a whole run writes between two marks. */
import { mpiName } from "../launch.js";
import type { PeerName } from "../peers/index.js";
import type { Point, Results } from "../results.js";
import { medianOf } from "./plots/data.js";
import { table } from "./tables.js";
import { quantity, titleOf } from "./text.js";

const [BEGIN, END] = ["<!-- bench -->", "<!-- /bench -->"];

interface Line {
  readonly figure: string;
  readonly x?: number;
  readonly title: string;
}

/** What a user asks first. */
const LINES: readonly Line[] = [
  { figure: "bcast-self", title: "`bcast` of 8 doubles on COMM_SELF: the cost of a call" },
  { figure: "latency", x: 8, title: "ping-pong of 8 B, half a round trip" },
  { figure: "latency", x: 1024, title: "ping-pong of 1 KiB" },
  { figure: "bandwidth-pingpong", x: 4 * 1024 * 1024, title: "ping-pong of 4 MiB" },
  { figure: "allreduce-2", x: 1024, title: "`allreduce` of 1 KiB of floats" },
  { figure: "bcast-object", title: "`bcastObject` of a nested structure of 10 MB" },
];

const COLUMNS: readonly PeerName[] = ["typed-mpi", "njit", "koffi", "mpi4py", "c"];
const COLUMN_TITLES: Readonly<Partial<Record<PeerName, string>>> = { njit: "the same in njit" };

/** The MPI whose figures and plots are shown. */
const SHOWN = "openmpi";

const PLOTS: Readonly<Record<string, string>> = {
  "point-to-point-open-mpi.svg":
    "Latency and bandwidth between two ranks, by message size, of typed-mpi and its peers",
  "njit-pi-open-mpi.svg": "The time of numba-mpi's pi benchmark in times that of C, of njit and its peers",
};

/**
 * @param folder Where the plots are, from the README.
 * @returns the README with the part that these results make; as it is if it has no marks
 */
export function withSpeed(
  readme: string,
  results: Results,
  plots: ReadonlySet<string>,
  folder: string,
): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) return readme;
  return `${readme.slice(0, begin + BEGIN.length)}\n${speed(results, plots, folder)}\n${readme.slice(end)}`;
}

function speed({ points, machine, date }: Results, plots: ReadonlySet<string>, folder: string): string {
  const shown = points.filter(({ mpi }) => mpi.startsWith(mpiName(SHOWN)));
  const rows = LINES.flatMap(({ figure, x, title }) => {
    const point = shown.find((each) => each.figure === figure && (x === undefined || each.x === x));
    return point === undefined ? [] : [[title, ...COLUMNS.map((name) => cell(point, name))]];
  });
  const head = ["", ...COLUMNS.map((name) => COLUMN_TITLES[name] ?? titleOf(name))];
  const images = Object.entries(PLOTS)
    .filter(([file]) => plots.has(file))
    .map(([file, text]) => `![${text}](${folder}/${file})`);
  return [
    `Medians of alternated rounds under ${shown[0]?.mpi ?? mpiName(SHOWN)}, ${machine.cores} cores, ${date}:`,
    table(head, ["l", ...COLUMNS.map(() => "r")], rows),
    ...images,
  ].join("\n\n");
}

function cell(point: Point, name: PeerName): string {
  const median = medianOf(point, name);
  return median === undefined ? "-" : quantity(median, point.unit);
}
