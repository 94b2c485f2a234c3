import { resolve } from "node:path";
import { extractFiles } from "../../jit/cache/content.js";
import { extractFunction, isDefinition } from "../../jit/cache/function-text.js";
import { filesOfSignature } from "../../jit/cache/listing.js";
import { type GrepMatch, grepCache } from "../../jit/cache/search.js";
import { readTextfile } from "../../jit/system.js";
import { usageError } from "../error.js";
import {
  type CacheCommand,
  chosenCategories,
  DRY_RUN,
  nothingOf,
  required,
  signatureOption,
  text,
} from "./command.js";

export const grep: CacheCommand = {
  summary: "search the lines of headers and source code",
  details: `Options:
  --pattern TEXT         what to look for (required)
  --regexmode            TEXT is a regular expression of JavaScript
  --linenumbers          with the numbers of the lines
  --countonly            only how many lines match in each file
  --filesonly            only the names of the files
  --signature TEXT       only in libraries whose signature contains this
  --categories LIST      where: some of inc,src,lib,log, or all; default inc,src.
                         In lib are the libraries that each one is linked with

Exit code 0 if something was found, 1 if not.

Examples:
  typed-mpi cache grep --pattern 'pow(' --linenumbers
  typed-mpi cache grep --pattern '^#include' --regexmode --categories inc
  typed-mpi cache grep --pattern warning: --categories log --filesonly
`,
  options: {
    pattern: { type: "string" },
    regexmode: { type: "boolean" },
    linenumbers: { type: "boolean" },
    countonly: { type: "boolean" },
    filesonly: { type: "boolean" },
    signature: { type: "string" },
    categories: { type: "string" },
  },
  run: (values, { cache }) => {
    const pattern = required(values, "pattern");
    const regex = values["regexmode"] ? regularExpression(pattern) : new RegExp(escaped(pattern));
    const categories = chosenCategories(values, ["inc", "src"]);
    const found = grepCache(regex, cache, { categories, signature: text(values, "signature") ?? "" });
    const exitCode = found.size > 0 ? 0 : 1;
    const names = [...found.keys()];
    if (values["filesonly"]) return { exitCode, data: names, lines: names };
    if (values["countonly"]) {
      const counts = Object.fromEntries([...found].map(([name, matches]) => [name, matches.length]));
      return { exitCode, data: counts, lines: Object.entries(counts).map(([name, n]) => `${name}: ${n}`) };
    }
    const lines = [...found].flatMap(([name, matches], i) => [
      ...(i === 0 ? [] : [""]),
      `${name}:`,
      ...matches.map((match) => (values["linenumbers"] ? numbered(match) : `    ${match.text}`)),
    ]);
    return { exitCode, data: Object.fromEntries(found), lines };
  },
};

const numbered = ({ line, text }: GrepMatch): string => `${String(line).padStart(5)}:  ${text}`;

const escaped = (pattern: string): string => pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function regularExpression(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw usageError(`--pattern: ${(error as Error).message}`);
  }
}

export const grepfunction: CacheCommand = {
  summary: "show the functions of a name",
  details: `Options:
  --name NAME            the function, or its beginning and end as in 'tabulate_\\w+'
                         (required)
  --no-body              only the first line of each
  --signature TEXT       only in libraries whose signature contains this
  --categories LIST      where: some of inc,src; default src

Exit code 0 if something was found, 1 if not.

Examples:
  typed-mpi cache grepfunction --name evaluate
  typed-mpi cache grepfunction --name 'create_\\w+' --no-body
`,
  options: {
    name: { type: "string" },
    "no-body": { type: "boolean" },
    signature: { type: "string" },
    categories: { type: "string" },
  },
  run: (values, { cache }) => {
    const name = required(values, "name");
    // Before the name of a function stands its type, and no expression.
    const isHeader = regularExpression(`^[^{}();=]*(?<!\\w)(?:${name})\\s*\\(`);
    const categories = chosenCategories(values, ["src"]);
    const options = { categories, signature: text(values, "signature") ?? "" };
    const functions = [...grepCache(isHeader, cache, options)].flatMap(([filename, matches]) =>
      functionsIn(filename, matches, isHeader),
    );
    const lines = functions.flatMap(({ filename, line, text: body }) =>
      values["no-body"] ? [`${filename}:${line}: ${firstLine(body)}`] : [`${filename}:${line}`, body, ""],
    );
    const data = values["no-body"]
      ? functions.map((each) => ({ ...each, text: firstLine(each.text) }))
      : functions;
    return { exitCode: functions.length > 0 ? 0 : 1, data, lines };
  },
};

const firstLine = (body: string): string => body.split("\n", 1)[0] as string;

/** The functions that are defined in these lines; not those that are called there. */
function functionsIn(filename: string, matches: readonly GrepMatch[], isHeader: RegExp) {
  const lines = (readTextfile(filename) ?? "").split(/\r?\n/);
  const everyHeader = new RegExp(isHeader.source, "g");
  const found: { filename: string; line: number; text: string }[] = [];
  for (const { line, text: header } of matches) {
    const code = lines.slice(line - 1).join("\n");
    if (![...header.matchAll(everyHeader)].some(({ index }) => isDefinition(code, index))) continue;
    found.push({ filename, line, text: extractFunction(code) });
  }
  return found;
}

export const checkout: CacheCommand = {
  summary: "copy the files of a library to a new directory",
  details: `They go to jitcheckout-SIGNATURE in the current directory, the source code unpacked.

Options:
  --signature SIGNATURE  the library (required): its whole signature, as
                         \`typed-mpi cache show --signatures\` tells it
  --categories LIST      some of inc,src,lib,log, or all (default)
  --dry-run, -n          only tell what would be copied

Exit code 1 if there is no such file.

Examples:
  typed-mpi cache checkout --signature "$SIGNATURE" --categories inc,src
`,
  options: { ...DRY_RUN, signature: { type: "string" }, categories: { type: "string" } },
  run: (values, { cache }) => {
    required(values, "signature");
    const signature = signatureOption(values) as string;
    const categories = chosenCategories(values);
    const files = filesOfSignature(signature, cache)
      .filter(({ category }) => categories.includes(category))
      .map(({ filename }) => filename);
    if (files.length === 0) return nothingOf(signature, cache);
    if (values["dry-run"]) {
      const directory = resolve(`jitcheckout-${signature}`);
      const lines = files.map((name) => `cp ${name} ${directory}`);
      return { exitCode: 0, data: { directory, files, dryRun: true }, lines };
    }
    const directory = extractFiles(signature, cache, { prefix: "jitcheckout-", categories });
    return { exitCode: 0, data: { directory, files, dryRun: false }, lines: [directory] };
  },
};
