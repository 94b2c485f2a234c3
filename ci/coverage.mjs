// Lines of src/ that all processes of a run have covered, the ranks included.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./setup.mjs";

/** Per cent of the lines. */
const FLOOR = 95;

/** Where it is kept for the report. */
const KEPT = join(ROOT, "coverage/kept");

/** The package's own modules, where they are compiled to. */
const OURS = [join(ROOT, "build/src/"), join(ROOT, "dist/")].map((path) => pathToFileURL(path).href);
const isOurs = (url) => OURS.some((prefix) => url.startsWith(prefix));

/** Modules whose source map is kept already; it is the same in every process. */
const mapped = new Set();
const isNew = (url) => !mapped.has(url) && mapped.add(url);

/** Forgets earlier runs. */
export function startCoverage() {
  rmSync(join(ROOT, "coverage"), { recursive: true, force: true });
  mkdirSync(KEPT, { recursive: true });
}

/**
 * Keeps, of what the processes of a job wrote, what is about our modules: the tests' own files and those of the
 * dependencies are nine tenths of it, and would make the report of hundreds of processes take minutes.
 *
 * @param {string} folder their NODE_V8_COVERAGE
 */
export function keepCoverage(folder) {
  for (const name of readdirSync(folder)) {
    const { result, "source-map-cache": maps = {} } = readJson(join(folder, name));
    const ours = {
      result: result.filter(({ url }) => isOurs(url)),
      "source-map-cache": Object.fromEntries(
        Object.entries(maps).filter(([url]) => isOurs(url) && isNew(url)),
      ),
    };
    if (ours.result.length > 0) writeFileSync(join(KEPT, name), JSON.stringify(ours));
  }
}

/**
 * Prints the summary, writes coverage/lcov.info, and returns what is wrong: nothing, or fewer lines than the floor.
 *
 * @returns {Promise<string | null>}
 */
export async function reportCoverage() {
  const { Report } = await import("c8");
  writeFileSync(join(KEPT, "never-loaded.json"), JSON.stringify(neverLoaded()));
  const report = new Report({
    tempDirectory: KEPT,
    reportsDirectory: join(ROOT, "coverage"),
    reporter: ["text-summary", "lcovonly"],
    include: ["src/**"],
    extension: [".ts"],
    excludeAfterRemap: true,
    excludeNodeModules: true,
    mergeAsync: true,
    resolve: "",
    src: ROOT,
  });
  await report.run();
  const map = await report.getCoverageMapFromAllCoverageFiles();
  const { pct } = map.getCoverageSummary().lines;
  if (pct >= FLOOR) return null;
  const lines = (file) => map.fileCoverageFor(file).toSummary().lines;
  const worst = map.files().map((file) => ({ file, ...lines(file) }));
  worst.sort((a, b) => b.total - b.covered - (a.total - a.covered));
  const list = worst
    .slice(0, 10)
    .map(({ file, total, covered }) => `  ${total - covered} lines of ${file} not covered`);
  return [`coverage: ${pct} % of the lines, at least ${FLOOR} % wanted`, ...list].join("\n");
}

/**
 * Coverage of the modules that no process loaded: none. A module of types alone compiles to nothing and is not
 * expected to be loaded.
 */
function neverLoaded() {
  const loaded = new Set(
    readdirSync(KEPT).flatMap((name) => readJson(join(KEPT, name)).result.map(({ url }) => url)),
  );
  const result = [];
  const maps = {};
  for (const { path, url, source } of modules(join(ROOT, "build/src"))) {
    const counterpart = url.replace(OURS[0], OURS[1]);
    if (loaded.has(url) || loaded.has(counterpart) || /^export \{\};\s*(\/\/.*)?\s*$/.test(source)) continue;
    const range = { startOffset: 0, endOffset: source.length, count: 0 };
    result.push({
      scriptId: "0",
      url,
      functions: [{ functionName: "", ranges: [range], isBlockCoverage: true }],
    });
    maps[url] = {
      lineLengths: source.split("\n").map(({ length }) => length),
      data: readJson(`${path}.map`),
      url: null,
    };
  }
  return { result, "source-map-cache": maps };
}

function* modules(directory) {
  for (const name of readdirSync(directory, { recursive: true })) {
    if (!name.endsWith(".js")) continue;
    const path = join(directory, name);
    yield { path, url: pathToFileURL(path).href, source: readFileSync(path, "utf8") };
  }
}

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
