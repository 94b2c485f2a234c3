import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Against, type Case, cases } from "../../bench/cases/index.js";
import { bySize, fit, logarithmic } from "../../bench/fit.js";
import { parseOutput } from "../../bench/launch.js";
import { withoutFolders } from "../../bench/peers/python.js";
import { pagesOf } from "../../bench/report/pages.js";
import { plotsOf } from "../../bench/report/plots/index.js";
import { withSpeed } from "../../bench/report/readme.js";
import { comparisonOf, type Outcome, type Point, type Results } from "../../bench/results.js";
import { pairwise, summarize } from "../../bench/statistics.js";

// The bench's own arithmetic, on a few figures that were really printed; nothing is measured here.

const outcome = (...values: number[]): Outcome => ({ summary: summarize(values) });

test("a summary is the middle, the least and the most", () => {
  assert.equal(summarize([5, 1, 4]), { median: 4, least: 1, most: 5, values: [5, 1, 4] });
  assert.is(summarize([1, 2, 3, 10]).median, 2.5);
  assert.throws(() => summarize([]), /no values/);
});

test("peers that are in few rounds only are held against no bar", () => {
  for (const { slow, figures } of cases) {
    for (const { peer, atMost, atLeast } of figures.flatMap(({ against }) => against))
      if (slow?.peers.includes(peer)) assert.equal([atMost, atLeast], [undefined, undefined]);
  }
});

test("the ratio of two peers is that of the rounds, not of the medians", () => {
  const ratios = pairwise([10, 100, 30], [10, 50, 10], (a, b) => a / b);
  assert.equal(ratios, [1, 2, 3]);
  assert.equal(
    pairwise([10, 100], [10], (a, b) => a / b),
    [1],
  );
});

test("a fit finds the line behind points of every size, and says how far it is off", () => {
  const sizes = [1, 64, 4096, 262_144, 4_194_304];
  const exact = fit(
    sizes.map((x) => ({ x, y: 300 + 0.06 * x })),
    bySize,
  );
  assert.ok(Math.abs(exact.a - 300) < 1e-6, `a is ${exact.a}`);
  assert.ok(Math.abs(exact.b - 0.06) < 1e-9, `b is ${exact.b}`);
  assert.ok(exact.deviation < 1e-9);
  // The latency counts as much as the bandwidth: 10 % more on large messages leaves it.
  const bent = fit(
    sizes.map((x) => ({ x, y: 300 + (x > 10_000 ? 0.066 : 0.06) * x })),
    bySize,
  );
  assert.ok(Math.abs(bent.a / 300 - 1) < 0.05, `a is ${bent.a}`);
  assert.ok(bent.deviation > 0.005 && bent.deviation < 0.1, `off by ${bent.deviation}`);
});

test("a fitted cost does not begin below zero", () => {
  const { a, at } = fit(
    [2, 4, 8, 16].map((x) => ({ x, y: Math.log2(x) ** 2 })),
    logarithmic,
  );
  assert.is(a, 0);
  assert.is(at(1), 0);
});

test("measurements are the lines that are JSON, among what a launcher says", () => {
  const output =
    'WARNING: no fabric\n{"name":"latency","x":8,"ns":159.3}\nend\n{"name":"barrier","ns":218}\n';
  assert.equal(parseOutput(output, 7), [
    { name: "latency", x: 8, ns: 159.3, wall: 7 },
    { name: "barrier", ns: 218, wall: 7 },
  ]);
});

const against: Against = { peer: "mpi4py", atMost: 0.7, at: [8] };
const two = (subject: Outcome, peer: Outcome) => ({ "typed-mpi": subject, mpi4py: peer });

test("a bar holds by the median, and only where it is set", () => {
  const compare = (x: number, ...values: number[]) =>
    comparisonOf(against, { unit: "ns" }, x, two(outcome(...values), outcome(100, 100, 100)));
  assert.is(compare(8, 60, 70, 200).holds, true);
  assert.is(compare(8, 60, 71, 72).holds, false);
  assert.is(compare(16, 60, 71, 72).holds, undefined);
  assert.is(compare(16, 60, 71, 72).ratio?.median, 0.71);
});

test("without figures a bar neither holds nor fails; bytes are compared by difference", () => {
  const missing = comparisonOf(against, { unit: "ns" }, 8, two(outcome(1), { missing: "not here" }));
  assert.equal(missing, { subject: "typed-mpi", peer: "mpi4py", atMost: 0.7 });
  const nowhere = { missing: "the time was over" };
  assert.is(comparisonOf(against, { unit: "ns" }, undefined, two(nowhere, nowhere)).atMost, 0.7);
  const bytes = comparisonOf(
    { peer: "mpi4py", atMost: 1 },
    { unit: "B" },
    undefined,
    two(outcome(3), outcome(0)),
  );
  assert.is(bytes.ratio?.median, 3);
  assert.is(bytes.holds, false);
});

const MPI = "Open MPI 4.1.4";

const latencyAt = (x: number, own: number, other: number): Point => {
  const outcomes = two(outcome(own), outcome(other));
  return {
    figure: "latency",
    chapter: "point-to-point",
    title: "latency",
    mpi: MPI,
    ranks: 2,
    unit: "ns",
    axis: "bytes",
    x,
    outcomes,
    comparisons: [comparisonOf({ ...against, at: [8, 1024] }, { unit: "ns" }, x, outcomes)],
  };
};

const results: Results = {
  date: "2026-01-01",
  quick: true,
  seconds: 90,
  machine: { cpu: "a CPU", cores: 2, system: "Linux", node: "20.0.0", v8: "11.3" },
  busy: summarize([0.01]),
  peers: { [MPI]: { "typed-mpi": { version: "1" }, koffi: { missing: "not installed" } } },
  points: [latencyAt(8, 250, 400), latencyAt(1024, 450, 500), latencyAt(65_536, 6000, 6100)],
};

test("the pages say every bar once, at its worst, what is missing, and that a run was quick", () => {
  const pages = pagesOf(results, ["point-to-point-open-mpi.svg"]);
  assert.equal([...pages.keys()], ["README.md", "point-to-point.md"]);
  const summary = pages.get("README.md") as string;
  assert.match(summary, "0 of 1 bars hold.");
  assert.match(summary, /latency, 1 KiB \(the worst of 2\) .* 450 ns .* 500 ns \| 0\.90 .* \*\*no\*\*/);
  assert.match(summary, "bare koffi: **missing**, not installed");
  assert.match(summary, "A quick run");
  const chapter = pages.get("point-to-point.md") as string;
  assert.match(chapter, "| latency | 8 B | 250 ns | 400 ns | 0.63 (bar 0.7) |");
  assert.match(chapter, "| latency | 1 KiB | 450 ns | 500 ns | **0.90** (bar 0.7) |");
  assert.match(chapter, "| latency | 64 KiB | 6.00 us | 6.10 us | 0.98 |");
});

test("plots have their peers and units, and no scripts", async () => {
  const plots = await plotsOf(results);
  const svg = plots.get("point-to-point-open-mpi.svg") as string;
  assert.ok(svg.startsWith("<svg"));
  for (const text of ["microseconds", "mpi4py", "64 KiB", MPI]) assert.match(svg, `>${text}`);
  assert.not.match(svg, /<script|onload/);
});

test("why a peer is missing names no folder", () => {
  const reason = "/home/me/x-1/bin/python3: libmpi.so.12: cannot open /opt/a.b/lib/libmpi.so.12, a/b and /c";
  assert.is(withoutFolders(reason), "python3: libmpi.so.12: cannot open libmpi.so.12, a/b and /c");
});

test("the README's part on speed stands between its marks, and nothing else changes", () => {
  const readme = "# A\n\n<!-- bench -->\nold\n<!-- /bench -->\n\nlast\n";
  const written = withSpeed(readme, results, new Set(["point-to-point-open-mpi.svg"]), "bench/results");
  assert.ok(written.startsWith("# A\n\n<!-- bench -->\n") && written.endsWith("\n<!-- /bench -->\n\nlast\n"));
  assert.match(written, "| ping-pong of 8 B, half a round trip | 250 ns | - | - | 400 ns | - |");
  assert.match(written, "(bench/results/point-to-point-open-mpi.svg)");
  assert.not.match(written, "old");
  assert.is(withSpeed("no marks", results, new Set(), "x"), "no marks");
});

test("no two figures have one name, but those of a growth with ranks", () => {
  const along = ({ x }: Case): boolean => x !== undefined;
  const names = cases
    .filter((work) => !along(work))
    .flatMap(({ figures }) => figures.map(({ name }) => name));
  assert.is(new Set(names).size, names.length);
  const cased = cases.map(({ name }) => name);
  assert.is(new Set(cased).size, cased.length);
});

test.run();
