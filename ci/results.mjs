// What a job's tests did: from the result files of its ranks, or from what uvu printed.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {object} Results
 * @property {number} passed    tests; those of ranks count once a job
 * @property {number} failed    tests, or one for a job that went wrong otherwise
 * @property {string} report    what is to be read about the failures, empty without any
 * @property {string[]} skipped what was skipped and why
 */

/**
 * Results of a rank job. A test has passed when it passed on all ranks; a job that ended otherwise than by its
 * last test is a failure, reported with what each rank was doing.
 *
 * @param {import("./job.mjs").Ended} job
 * @param {string} directory where the ranks wrote their files (test/harness/ranks.ts)
 * @param {number} size      number of ranks
 * @returns {Results}
 */
export function rankResults(job, directory, size) {
  const ranks = Array.from({ length: size }, (_, rank) => readEvents(join(directory, `rank-${rank}.jsonl`)));
  const passes = ranks.map((events) => new Set(testsOf(events, "pass")));
  const passed = [...passes[0]].filter((name) => passes.every((names) => names.has(name))).length;
  const skipped = ranks[0]
    .filter(({ event }) => event === "skip")
    .map(({ test, reason }) => `${test}: ${reason}`);
  const failed = new Set(ranks.flatMap((events) => testsOf(events, "fail"))).size;
  if (failed > 0) {
    const late = job.timedOut ? [badEnd(job), ...whereabouts(ranks)] : [];
    return { passed, failed, report: [...stacks(ranks), ...late, job.output].join("\n"), skipped };
  }
  const problem = badEnd(job) ?? incomplete(ranks, passes, skipped);
  if (problem === null) return { passed, failed: 0, report: "", skipped };
  return { passed, failed: 1, report: [problem, ...whereabouts(ranks), job.output].join("\n"), skipped };
}

/**
 * Results of a single process with uvu suites, which prints its totals and its failures at its end.
 *
 * @param {import("./job.mjs").Ended} job
 * @returns {Results}
 */
export function uvuResults(job) {
  const output = job.output.replaceAll(COLOURS, "");
  const [total, passed, skips] = ["Total", "Passed", "Skipped"].map((label) => {
    const counts = output.matchAll(new RegExp(`^ {2}${label}: +(\\d+)\\s*$`, "gm"));
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  });
  const skipped = skips > 0 ? [`${skips} tests, by uvu's skip or only`] : [];
  if (passed < total) return { passed, failed: total - passed, report: output, skipped };
  const problem = badEnd(job) ?? (total === 0 ? "no tests ran" : null);
  if (problem === null) return { passed, failed: 0, report: "", skipped };
  return { passed, failed: 1, report: `${problem}\n${output}`, skipped };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins a colour
const COLOURS = /\u001b\[\d*m/g;

/** How a job ended, if it did not end well. */
function badEnd({ code, signal, timedOut, limit }) {
  if (timedOut) return `timed out after ${limit} s`;
  if (signal !== null) return `killed by ${signal}`;
  if (code === null) return "could not be started";
  return code === 0 ? null : `ended with exit code ${code}`;
}

/** What is wrong with a job that ended well, but whose ranks did not all run the same tests to the end. */
function incomplete(ranks, passes, skipped) {
  const early = ranks.flatMap((events, rank) => (events.at(-1)?.event === "end" ? [] : [rank]));
  if (early.length > 0) return `rank ${early.join(", ")} left before the end of the tests`;
  if (passes[0].size + skipped.length === 0) return "no tests ran";
  const different = passes.findIndex((names) => [...names].join() !== [...passes[0]].join());
  return different === -1 ? null : `ranks 0 and ${different} ran different tests`;
}

/** The failures of each rank. */
const stacks = (ranks) =>
  ranks.flatMap((events, rank) =>
    events
      .filter(({ event }) => event === "fail")
      .map(({ test, stack }) => `rank ${rank}: ${test}\n${stack}`),
  );

/** What each rank was doing last. */
const whereabouts = (ranks) =>
  ranks.map((events, rank) => {
    const last = events.at(-1);
    if (last === undefined) return `rank ${rank}: no test had begun`;
    if (last.event === "end") return `rank ${rank}: all its tests had ended`;
    return `rank ${rank}: ${last.event === "begin" ? "in" : "after"} "${last.test}"`;
  });

const testsOf = (events, event) => events.filter((e) => e.event === event).map(({ test }) => test);

/** The events of one rank's file. A line that a dying process left half-written ends it. */
function readEvents(path) {
  if (!existsSync(path)) return [];
  const events = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    try {
      events.push(JSON.parse(line));
    } catch {
      break;
    }
  }
  return events;
}
