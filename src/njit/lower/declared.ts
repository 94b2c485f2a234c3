import type * as acorn from "acorn";

/* The names that are declared somewhere in a function: JavaScript knows them from the beginning of their block. */

type Body = readonly acorn.Node[];

/** What `let` and `const` declare directly in a block. */
export const lexicalNames = (body: Body): string[] =>
  (body as readonly acorn.Statement[])
    .flatMap((node) =>
      node.type === "VariableDeclaration" && node.kind !== "var" ? declaredNames(node) : [],
    )
    .map(({ name }) => name);

/** What `var` declares anywhere in a statement: names of the whole function. */
export function varNames(node: acorn.Node | null | undefined): acorn.Identifier[] {
  const s = node as acorn.Statement | null | undefined;
  switch (s?.type) {
    case "VariableDeclaration":
      return s.kind === "var" ? declaredNames(s) : [];
    case "BlockStatement":
      return s.body.flatMap(varNames);
    case "IfStatement":
      return [s.consequent, s.alternate].flatMap(varNames);
    case "ForStatement":
      return [s.init, s.body].flatMap(varNames);
    case "WhileStatement":
    case "DoWhileStatement":
    case "ForOfStatement":
    case "LabeledStatement":
      return varNames(s.body);
    case "SwitchStatement":
      return s.cases.flatMap(({ consequent }) => consequent.flatMap(varNames));
    default:
      return [];
  }
}

/** Of patterns those that can be compiled. */
const declaredNames = ({ declarations }: acorn.VariableDeclaration): acorn.Identifier[] =>
  declarations.flatMap(({ id }) =>
    partsOfPattern(id).filter((each): each is acorn.Identifier => each?.type === "Identifier"),
  );

function partsOfPattern(pattern: acorn.Pattern): readonly (acorn.Pattern | null)[] {
  switch (pattern.type) {
    case "ArrayPattern":
      return pattern.elements;
    case "ObjectPattern":
      return pattern.properties.map((each) => (each.type === "Property" ? each.value : null));
    default:
      return [pattern];
  }
}
