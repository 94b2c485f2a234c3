import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { installed } from "./mpi/installed.js";

// Every snippet of the docs and the README that imports the package is compiled, and run at 2 ranks, each under
// one of the MPIs in turn.

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Inside the package, so that snippets find it by its name. */
const FOLDER = join(ROOT, "build/docs");

/** Where snippets of the jit floor keep their libraries. */
const CACHE = join(FOLDER, "cache");

interface Snippet {
  readonly page: string;
  /** Line of the page. */
  readonly line: number;
  /** File without ending. */
  readonly file: string;
  readonly code: string;
}

function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)];
  return blocks
    .filter(([, code]) => /from "typed-mpi(\/\w+)?"/.test(code ?? ""))
    .map(({ index, 1: code = "" }) => {
      const line = text.slice(0, index).split("\n").length;
      return { page, line, file: `${page.replace(/\W/g, "-")}-${line}`, code };
    });
}

/** The package's own options; a snippet may leave a result unused. */
const CONFIG = {
  extends: "../../tsconfig.json",
  compilerOptions: {
    rootDir: ".",
    outDir: ".",
    declaration: false,
    isolatedDeclarations: false,
    noUnusedLocals: false,
  },
  include: ["*.ts"],
  exclude: [],
};

const pages = readdirSync(join(ROOT, "docs"))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);
const snippets = ["README.md", ...pages].flatMap(snippetsOf);

/** What the compiler says of all snippets: nothing, if they are right. */
function compile(): string {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, "tsconfig.json"), JSON.stringify(CONFIG));
  for (const { file, code } of snippets) writeFileSync(join(FOLDER, `${file}.ts`), code);
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  return spawnSync(process.execPath, [tsc, "-p", FOLDER], { encoding: "utf8" }).stdout;
}

const docs = suite("docs");

const complaints = compile();
docs("every snippet compiles", () => assert.is(complaints, ""));

const mpis = installed();
for (const [i, { page, line, file }] of (complaints === "" ? snippets : []).entries()) {
  const { name, launcher, env } = mpis[i % mpis.length] as (typeof mpis)[number];
  docs(`${page}:${line} runs under ${name}`, () => {
    const [command = "", ...rest] = launcher;
    const args = [...rest, "-n", "2", process.execPath, join(FOLDER, `${file}.js`)];
    const { status, stdout, stderr } = spawnSync(command, args, {
      env: { ...process.env, ...env, NODE_V8_COVERAGE: undefined, TYPED_MPI_CACHE_DIR: CACHE },
      encoding: "utf8",
      timeout: 30_000,
    });
    assert.is(status, 0, stdout + stderr);
    assert.not.match(stderr, /typed-mpi: /, "a snippet leaves requests behind");
  });
}

docs("every link to a file is right", () => {
  for (const page of pages) {
    const links = readFileSync(join(ROOT, page), "utf8").matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g);
    for (const [, path = ""] of links) {
      assert.ok(existsSync(join(ROOT, page, "..", path)), `${page} links to ${path}`);
    }
  }
});

docs.run();
