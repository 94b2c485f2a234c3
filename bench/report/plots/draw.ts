/** Plots as SVG, by Vega-Lite: readable on light and dark backgrounds, without scripts. */
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { PeerName } from "../../peers/index.js";
import { titleOf } from "../text.js";

/** A colour for each peer, the same in every plot, of middle lightness. */
const COLOURS: Readonly<Partial<Record<PeerName, string>>> = {
  "typed-mpi": "#2f81f7",
  njit: "#e8710a",
  c: "#8b949e",
  koffi: "#b08800",
  mpi4py: "#2da44e",
  v8: "#b08800",
  numba: "#2da44e",
  "numba-mpi": "#2da44e",
  "numba-mpi4py": "#bf5af2",
  "ffi-rs": "#e5534b",
  dijitso: "#2da44e",
};

const TEXT = "#7d8590";
const FONT = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif";

/** The peers as they are named and coloured; those that come first are in front. */
export const peerColour = (names: readonly PeerName[], title: (name: PeerName) => string = titleOf) =>
  ({
    field: "peer",
    type: "nominal",
    title: null,
    scale: { domain: names.map(title), range: names.map((name) => COLOURS[name] ?? TEXT) },
    legend: { orient: "top", symbolType: "stroke", symbolStrokeWidth: 3, symbolSize: 200 },
  }) as const;

const CONFIG: NonNullable<TopLevelSpec["config"]> = {
  background: "transparent",
  aria: false,
  font: FONT,
  view: { stroke: null },
  title: {
    color: TEXT,
    subtitleColor: TEXT,
    fontSize: 15,
    subtitleFontSize: 12,
    anchor: "start",
    offset: 12,
  },
  axis: {
    labelColor: TEXT,
    titleColor: TEXT,
    domainColor: TEXT,
    tickColor: TEXT,
    gridColor: TEXT,
    gridOpacity: 0.25,
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: "normal",
  },
  header: { labelColor: TEXT, titleColor: TEXT, labelFontSize: 12, labelFontWeight: "bold" },
  legend: { labelColor: TEXT, labelFontSize: 12, labelLimit: 0, columnPadding: 16 },
  line: { strokeWidth: 2 },
  point: { filled: true, size: 28, opacity: 1 },
};

/** Coordinates with more digits than can be seen; not the labels, which begin after a `>`. */
const PRECISE = /(?<![>\d.])\d+\.\d{3,}/g;

/** The picture as a file's text. */
export async function draw(spec: TopLevelSpec): Promise<string> {
  const { spec: vega } = compile({ ...spec, config: CONFIG });
  const svg = await new View(parse(vega), { renderer: "none" }).toSVG();
  return `${svg.replace(PRECISE, (number) => String(Number(Number(number).toFixed(2))))}\n`;
}

/** A dashed line at what everything else is compared with. */
export const baseline = { type: "rule", color: TEXT, strokeDash: [3, 3] as number[] } as const;

/** A logarithmic axis. */
export const logarithmic = { type: "log", nice: false } as const;

/** Labels of an axis of bytes at some of the powers of 2. */
export const bytesAxis = {
  title: "message size",
  values: [1, 16, 256, 4096, 65_536, 1_048_576] as number[],
  labelExpr:
    "datum.value >= 1048576 ? datum.value / 1048576 + ' MiB' : datum.value >= 1024 ? datum.value / 1024 + ' KiB' : datum.value + ' B'",
  grid: false,
} as const;
