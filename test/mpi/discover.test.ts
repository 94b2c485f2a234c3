import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Candidate, discover, type Places } from "../../src/mpi/library/discover.js";
import type { Launch } from "../../src/mpi/library/launcher.js";
import { installCommand, libraryNotFound } from "../../src/mpi/library/open.js";

/** An empty folder, while `use` runs. */
function inFolder(use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "typed-mpi-library-"));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const search = suite("the search");

const NAMES: Places["names"] = [
  ["libmpi.so.40", "openmpi"],
  ["libmpi.so.12", "mpich"],
  ["libmpi.so", undefined],
];

const nowhere = (places: Partial<Places>): Places => ({ names: NAMES, chosen: [], usual: [], ...places });

const startedBy = (family: "openmpi" | "mpich"): Launch => ({
  family,
  name: `the launcher of ${family}`,
  mark: "MARK=1",
  size: 1,
  rank: 0,
  starts: [family],
  executable: undefined,
});

const names = (candidates: readonly Candidate[]): (string | null)[] => candidates.map(({ name }) => name);

search("asks the program, the chosen directories, the loader, the usual directories", () => {
  inFolder((folder) => {
    const [chosen, usual] = [join(folder, "chosen"), join(folder, "usual")];
    for (const directory of [chosen, usual]) {
      mkdirSync(directory);
      writeFileSync(join(directory, "libmpi.so.12"), directory);
    }
    const places = nowhere({ chosen: [[chosen, "LD_LIBRARY_PATH"]], usual: [usual] });
    const found = discover({}, undefined, places);
    const expected = [
      null,
      ...["libmpi.so.40", "libmpi.so.12", "libmpi.so"].map((name) => join(chosen, name)),
      ...["libmpi.so.40", "libmpi.so.12", "libmpi.so"],
      ...["libmpi.so.40", "libmpi.so.12", "libmpi.so"].map((name) => join(usual, name)),
    ];
    assert.equal(names(found), expected);
    const there = found.filter(({ path }) => path !== undefined);
    assert.equal(names(there), [join(chosen, "libmpi.so.12"), join(usual, "libmpi.so.12")]);
    assert.equal(
      there.map(({ origin }) => origin),
      ["LD_LIBRARY_PATH", "usual directory"],
    );
  });
});

search("knows a directory that is not there and a file that is not in one", () => {
  inFolder((folder) => {
    const found = discover({}, undefined, nowhere({ usual: [join(folder, "none"), folder] }));
    const missing = found.filter((candidate) => candidate.missing !== undefined);
    assert.equal(
      missing.map(({ name, missing }) => `${name}: ${missing}`),
      [
        `${join(folder, "none")}: no such directory`,
        ...NAMES.map(([name]) => `${join(folder, name)}: no such file`),
      ],
    );
  });
});

search("tells the family of an unversioned name by the file behind it, and names each file once", () => {
  inFolder((folder) => {
    writeFileSync(join(folder, "libmpi.so.12.1"), "");
    symlinkSync("libmpi.so.12.1", join(folder, "libmpi.so.12"));
    symlinkSync("libmpi.so.12", join(folder, "libmpi.so"));
    const bare = nowhere({ names: NAMES.toReversed(), usual: [folder] });
    const found = discover({}, undefined, bare).filter(({ path }) => path !== undefined);
    assert.is(found.length, 1);
    assert.is(found[0]?.name, join(folder, "libmpi.so"));
    assert.is(found[0]?.family, "mpich");
  });
});

search("puts what the launcher starts first, what it does not start last", () => {
  inFolder((folder) => {
    for (const [name] of NAMES) writeFileSync(join(folder, name), "");
    const order = (launch: Launch): (string | null)[] =>
      names(discover({}, launch, nowhere({ usual: [folder] })))
        .filter((name) => name?.startsWith(folder))
        .map((name) => basename(name as string));
    assert.equal(order(startedBy("mpich")), ["libmpi.so.12", "libmpi.so", "libmpi.so.40"]);
    assert.equal(order(startedBy("openmpi")), ["libmpi.so.40", "libmpi.so", "libmpi.so.12"]);
  });
});

search("TYPED_MPI_LIB leaves only what it names: paths, directories, names", () => {
  inFolder((folder) => {
    writeFileSync(join(folder, "mine.so"), "");
    const list = [join(folder, "mine.so"), folder, "libother.so"].join(delimiter);
    const found = discover({ TYPED_MPI_LIB: list }, undefined, nowhere({ usual: ["/usr/lib"] }));
    assert.equal(names(found), [
      join(folder, "mine.so"),
      ...NAMES.map(([name]) => join(folder, name)),
      "libother.so",
    ]);
    assert.ok(found.every(({ origin }) => origin === "TYPED_MPI_LIB"));
  });
});

search("the error lists everything that was tried and says how to install an MPI", () => {
  const tried = discover({}, undefined, nowhere({ usual: ["/nonexistent/lib"] }));
  const attempts = tried.map((candidate) => ({ candidate, problem: candidate.missing ?? "not found" }));
  const { code, message } = libraryNotFound(attempts);
  assert.is(code, "ERR_MPI_LIBRARY_NOT_FOUND");
  for (const { name } of tried) assert.match(message, name ?? "(this program)");
  assert.match(message, "/nonexistent/lib [usual directory]: no such directory");
  assert.match(message, installCommand());
  assert.match(message, "TYPED_MPI_LIB");
});

search("the command that installs an MPI is this system's", () => {
  const managers: Readonly<Record<string, RegExp>> = {
    darwin: /^brew install/,
    win32: /^winget install/,
    linux: /(apt-get|dnf|pacman|zypper|apk|conda) /,
  };
  assert.match(installCommand(), managers[process.platform] as RegExp);
  if (process.platform !== "linux") return;
  const manager = /(\S+) (?:install|-S|add)/.exec(installCommand())?.[1] as string;
  if (manager !== "conda")
    assert.ok(execFileSync("sh", ["-c", `command -v ${manager}`], { encoding: "utf8" }));
});

search.run();
