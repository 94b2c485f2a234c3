import { execFileSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Info } from "../../src/cli/info.js";
import { installed } from "../mpi/installed.js";
import { MAIN, PLAIN, typedMpi } from "./command.js";

const info = suite("typed-mpi info");

const first = typedMpi(["info", "--json"]);
const report = JSON.parse(first.stdout || "{}") as Info;

info("--json tells what runs it", () => {
  assert.is(first.code, 0, first.stderr);
  assert.is(first.stderr, "");
  assert.is(report.node, process.version);
  assert.is(report.platform, `${process.platform} ${process.arch}`);
  assert.is(report.ffi.engine, "koffi");
  assert.match(report.ffi.version, /^\d+\.\d+\.\d+/);
  assert.is(report.launch, null);
  assert.is(report.error, null);
});

info("has every MPI that is installed, with its own version and launcher", () => {
  for (const { family, version, launcher } of installed()) {
    const found = report.libraries.find((library) => library.family === family);
    assert.ok(found, `${family} is missing`);
    assert.is(found.error, undefined);
    assert.is(found.version, version);
    assert.is(found.path, realpathSync(found.path));
    assert.match(found.standard as string, /^[345]\.\d$/);
    assert.match(found.threadLevel as string, /^(single|funneled|serialized|multiple)$/);
    assert.match(found.libraryVersion as string, version);
    assert.is(found.launcher?.version, version);
    const command = found.launcher?.path as string;
    const option = family === "msmpi" ? "/?" : "--version";
    assert.equal(
      execFileSync(command, [option], { encoding: "utf8" }).match(/\d+\.\d+[\w.]*/)?.[0],
      execFileSync(launcher[0] as string, [option], { encoding: "utf8" }).match(/\d+\.\d+[\w.]*/)?.[0],
    );
    assert.ok(found.foundAs.length > 0);
    // The loader is asked for what is found nowhere else.
    const byLoader = found.foundAs.filter(({ origin }) => origin === "known to the loader");
    assert.ok(byLoader.length === 0 || found.foundAs.length === 1, JSON.stringify(found.foundAs));
  }
});

info("each library is there once, and one is the chosen one", () => {
  const paths = report.libraries.map(({ path }) => path);
  assert.is(new Set(paths).size, paths.length);
  assert.equal(
    report.libraries.filter(({ chosen }) => chosen).map(({ path }) => path),
    [report.chosen?.path],
  );
  assert.is(report.chosen?.reason, "first found");
});

info("TYPED_MPI_LIB chooses another one; the rest is still there", () => {
  for (const { path } of report.libraries) {
    const { stdout } = typedMpi(["info", "--json"], { env: { TYPED_MPI_LIB: path } });
    const { chosen, libraries } = JSON.parse(stdout) as Info;
    assert.equal(chosen, { path, reason: "TYPED_MPI_LIB" });
    assert.is(libraries.length, report.libraries.length);
  }
});

info("ends with 1 and the error if no library can be used, and still tells which there are", () => {
  const env = { TYPED_MPI_LIB: "/nonexistent/libmpi.so" };
  const { code, stdout } = typedMpi(["info", "--json"], { env });
  const { chosen, error, libraries } = JSON.parse(stdout) as Info;
  assert.is(code, 1);
  assert.is(chosen, null);
  assert.is(error?.code, "ERR_MPI_LIBRARY_NOT_FOUND");
  assert.is(libraries.length, report.libraries.length);
  assert.match(typedMpi(["info"], { env }).stdout, "/nonexistent/libmpi.so [TYPED_MPI_LIB]: no such file");
});

info("without --json says the same for people", () => {
  const { code, stdout } = typedMpi(["info"]);
  assert.is(code, 0);
  assert.match(stdout, `FFI engine    koffi ${report.ffi.version}`);
  assert.match(stdout, "Started by    no launcher");
  for (const { path, vendor, version, launcher, abi } of report.libraries) {
    assert.match(stdout, new RegExp(`^[* ] ${vendor} ${version}`, "m"));
    for (const text of [path, abi, launcher?.path]) assert.match(stdout, text as string);
  }
  assert.match(stdout, /^\* .*, chosen: first found$/m);
});

info("in a job tells the launcher, and that its library is chosen", () => {
  for (const { family, launcher, env } of installed()) {
    const [command, ...args] = [...launcher, "-n", "1", process.execPath, MAIN, "info", "--json"];
    const stdout = execFileSync(command as string, args, {
      env: { ...PLAIN, ...env },
      encoding: "utf8",
      timeout: 60_000,
    });
    const { launch, chosen, libraries } = JSON.parse(stdout) as Info;
    assert.is(launch?.size, 1);
    assert.equal(launch?.starts, [family]);
    const library = libraries.find(({ path }) => path === chosen?.path);
    assert.is(library?.family, family);
    // Each was asked outside of the job.
    assert.ok(libraries.every(({ threadLevel }) => threadLevel !== undefined));
  }
});

info.run();
