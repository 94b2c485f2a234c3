import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { typedMpi } from "./command.js";

const main = suite("typed-mpi");

main("--version prints the version of the package", () => {
  // Of the repository, which is also the current folder of npm test.
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.equal(typedMpi(["--version"]), { code: 0, signal: null, stdout: `${version}\n`, stderr: "" });
});

main("help goes to stdout, for each command", () => {
  for (const args of [
    ["help"],
    ["--help"],
    ["help", "run"],
    ["help", "info"],
    ["run", "--help"],
    ["info", "-h"],
  ]) {
    const { code, stdout, stderr } = typedMpi(args);
    assert.is(code, 0, args.join(" "));
    assert.match(stdout, /^Usage: typed-mpi/);
    assert.is(stderr, "");
  }
  assert.match(typedMpi(["help", "run"]).stdout, "--mpi openmpi|mpich");
  assert.match(typedMpi(["help", "info"]).stdout, "--json");
});

main("bad usage is told on stderr, with exit code 2 and no stack", () => {
  const cases: readonly [args: string[], says: string][] = [
    [[], "Usage: typed-mpi COMMAND"],
    [["frobnicate"], 'unknown command "frobnicate"'],
    [["help", "frobnicate"], 'unknown command "frobnicate"'],
    [["--frobnicate"], "'--frobnicate'"],
    [["info", "--frobnicate"], "'--frobnicate'"],
    [["info", "superfluous"], "'superfluous'"],
    [["run"], "-n, the number of processes, is missing"],
    [["run", "x.js"], "-n, the number of processes, is missing"],
    [["run", "-n"], "-n needs a value"],
    [["run", "-n", "2"], "the program to run is missing"],
    [["run", "-n", "0", "x.js"], 'expected a positive integer, got "0"'],
    [["run", "-n", "-1", "x.js"], 'expected a positive integer, got "-1"'],
    [["run", "-n", "1.5", "x.js"], 'expected a positive integer, got "1.5"'],
    [["run", "-n", "x.js"], 'expected a positive integer, got "x.js"'],
    [["run", "-n", "2", "--mpi"], "--mpi needs a value"],
  ];
  for (const [args, says] of cases) {
    const { code, stdout, stderr } = typedMpi(args);
    assert.is(code, 2, `${args.join(" ")}: ${stderr}`);
    assert.is(stdout, "");
    assert.match(stderr, says);
    assert.not.match(stderr, /^ +at /m);
  }
});

main("an FFI engine that does not exist is told, with exit code 1", () => {
  const { code, stderr } = typedMpi(["info"], { env: { TYPED_MPI_FFI: "frobnicate" } });
  assert.is(code, 1);
  assert.match(stderr, /^typed-mpi: Unknown FFI engine "frobnicate"/);
});

main.run();
