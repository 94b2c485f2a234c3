import type { Random } from "./random.js";

/** What a piece of a program is: pieces of the same sort can stand for each other. */
export type Sort = "number" | "boolean" | "bigint" | "statement" | "other";

/** A piece of a program: text with pieces in it. What is for the `reference` only, the compiler does not see. */
export interface Tree {
  readonly sort: Sort;
  readonly parts: readonly Part[];
}

type Part = string | Tree | { readonly reference: string };

/** The text, as the compiler sees it or as JavaScript runs it to tell what is right. */
export function textOf(tree: Tree, isReference = false): string {
  return tree.parts
    .map((part) => {
      if (typeof part === "string") return part;
      if ("reference" in part) return isReference ? part.reference : "";
      return textOf(part, isReference);
    })
    .join("");
}

export const number = (...parts: readonly Part[]): Tree => ({ sort: "number", parts });
export const boolean = (...parts: readonly Part[]): Tree => ({ sort: "boolean", parts });
export const statement = (...parts: readonly Part[]): Tree => ({ sort: "statement", parts });
export const other = (...parts: readonly Part[]): Tree => ({ sort: "other", parts });
/** Bigints are of 64 bits in compiled functions. */
export const bigint = (...parts: readonly Part[]): Tree => ({
  sort: "bigint",
  parts: [{ reference: "BigInt.asIntN(64, " }, ...parts, { reference: ")" }],
});

const SIMPLE: Readonly<Record<Sort, readonly string[]>> = {
  number: ["0", "1"],
  boolean: ["true", "false"],
  bigint: ["0n", "1n"],
  statement: [";"],
  other: [],
};

/** All trees that are this one with a piece of one of the sorts less. */
export function* smaller(tree: Tree, sorts: readonly Sort[]): Generator<Tree> {
  const { sort, parts } = tree;
  const text = textOf(tree);
  if (sorts.includes(sort) && !SIMPLE[sort].includes(text)) {
    for (const simple of SIMPLE[sort]) yield { sort, parts: [simple] };
    for (const inner of piecesOf(tree, sort)) yield inner;
  }
  for (const [i, part] of parts.entries()) {
    if (typeof part === "string" || "reference" in part) continue;
    for (const less of smaller(part, sorts)) yield { sort, parts: parts.with(i, less) };
  }
}

/** The nearest pieces of that sort. */
function* piecesOf(tree: Tree, sort: Sort): Generator<Tree> {
  for (const part of tree.parts) {
    if (typeof part === "string" || "reference" in part) continue;
    if (part.sort === sort) yield part;
    else yield* piecesOf(part, sort);
  }
}

/** The tree with a share of its pieces made simple; what declares a name still does. */
export function thinned(tree: Tree, random: Random, share: number): Tree {
  const { sort, parts } = tree;
  const isDeclaration = typeof parts[0] === "string" && /^(let|const) /.test(parts[0]);
  const [simple] = SIMPLE[sort];
  if (simple !== undefined && !isDeclaration && random.chance(share)) return { sort, parts: [simple] };
  const inner = parts.map((part) =>
    typeof part === "string" || "reference" in part ? part : thinned(part, random, share),
  );
  return { sort, parts: inner };
}
