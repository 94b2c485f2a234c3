import { assertIsCache, cleanCache } from "../../jit/cache/clean.js";
import { collectGarbage } from "../../jit/cache/eviction.js";
import { filesOfSignature } from "../../jit/cache/listing.js";
import { type CacheCommand, chosenCategories, DRY_RUN, nothingOf, signatureOption, text } from "./command.js";
import { formatBytes, parseBytes, plural } from "./format.js";

export const clean: CacheCommand = {
  summary: "remove files from the cache",
  details: `What a program has loaded or is building stays. A library of which the header or
the library itself is removed will be built anew.

Options:
  --categories LIST      kinds of files: some of inc,src,lib,log, or all (default)
  --signature SIGNATURE  only those of this library: its whole signature, as
                         \`typed-mpi cache show --signatures\` tells it
  --dry-run, -n          only tell what would be removed
  --force                also what is in use

Exit code 1 if there is no library of that signature.

Examples:
  typed-mpi cache clean --dry-run
  typed-mpi cache clean
  typed-mpi cache clean --categories src,log
`,
  options: {
    ...DRY_RUN,
    categories: { type: "string" },
    signature: { type: "string" },
    force: { type: "boolean" },
  },
  run: (values, { cache }) => {
    const dryRun = values["dry-run"] === true;
    const [categories, signature] = [chosenCategories(values), signatureOption(values)];
    const cleaned = cleanCache(cache, { categories, signature, dryRun, force: values["force"] === true });
    const { removed, inUse, bytes } = cleaned;
    const isNone = signature !== undefined && removed.length === 0 && inUse.length === 0;
    if (isNone && filesOfSignature(signature, cache).length === 0) return nothingOf(signature, cache);
    const lines = dryRun
      ? removed.map((name) => `rm ${name}`)
      : [`${plural(removed.length, "file")} removed, ${formatBytes(bytes)}`];
    for (const signature of inUse) lines.push(`${signature} is in use and stays`);
    return { exitCode: 0, data: { dryRun, ...cleaned }, lines };
  },
};

export const gc: CacheCommand = {
  summary: "remove what was not used for the longest time, and litter",
  details: `If the cache is larger than the limit, libraries go until it is at 90 % of it; what
a program has loaded or is building stays. What killed processes have left goes
in any case.

Options:
  --max-size SIZE        the limit: 500M, 2GiB, 1000000; 0 is no limit. Default: the
                         parameter cache.maxSize
  --dry-run, -n          only tell what would be removed

Examples:
  typed-mpi cache gc --max-size 500M
`,
  options: { ...DRY_RUN, "max-size": { type: "string" } },
  run: (values, { cache }) => {
    const given = text(values, "max-size");
    const maxSize = given === undefined ? cache.maxSize : parseBytes("--max-size", given);
    const dryRun = values["dry-run"] === true;
    assertIsCache(cache);
    const collection = collectGarbage(cache, { maxSize, dryRun });
    const { removed, inUse, litter, bytes, kept, size } = collection;
    const lines = [...removed, ...litter].map((name) => `${dryRun ? "would remove" : "removed"} ${name}`);
    for (const signature of inUse) lines.push(`${signature} is in use and stays`);
    lines.push(
      `${formatBytes(bytes)} ${dryRun ? "would be freed" : "freed"}, ` +
        `${plural(kept, "library", "libraries")} of ${formatBytes(size)} kept`,
    );
    return { exitCode: 0, data: { dryRun, maxSize, ...collection }, lines };
  },
};
