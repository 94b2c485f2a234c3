/* The text of one function in C or C++, told by its braces. */

/** What may hold braces that do not count: comments, strings, characters; and numbers, whose ' begins none. */
const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|R"([^()\\\s]{0,16})\([\s\S]*?\)\1"|"(?:\\[\s\S]|[^"\\\n])*"|\d[\w']*|'(?:\\.|[^'\\\n])+'|[{}();]/g;

/**
 * The text of the function that begins in the first line, until the line in which its braces are closed. A
 * declaration ends with its semicolon.
 * @param lines The code from the function's first line on, as lines or as one text.
 * @returns its lines, separated by line feeds; everything if it has no end
 */
export function extractFunction(lines: string | readonly string[]): string {
  const text = (typeof lines === "string" ? lines.split(/\r?\n/) : lines)
    .map((line) => line.replace(/\r?\n$/, ""))
    .join("\n");
  let braces = 0;
  let parentheses = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === "(") parentheses++;
    else if (token === ")") parentheses--;
    else if (token === "{") braces++;
    else if (token === "}") braces--;
    const after = index + 1;
    const isEnd =
      braces === 0 &&
      parentheses === 0 &&
      // After the braces of a member that a constructor initializes comes another one, or the body.
      (token === ";" || (token === "}" && !/^\s*[,{]/.test(text.slice(after, after + 200))));
    if (!isEnd) continue;
    const end = text.indexOf("\n", after);
    return end < 0 ? text : text.slice(0, end);
  }
  return text;
}

/** Between the parameters and the body: const, noexcept(...), -> type, or what a constructor initializes. */
const BEFORE_BODY = /^[^;{}()=+/?|!%^]*(?:\([^()]*\)[^;{}()=+/?|!%^]*)*\{/;

/**
 * Whether a function is defined, rather than declared or called.
 * @param text The code.
 * @param from Where its name begins, which its parameters in parentheses follow.
 */
export function isDefinition(text: string, from: number): boolean {
  let parentheses = 0;
  for (const { 0: token, index } of text.slice(from).matchAll(TOKEN)) {
    if (token === "(") parentheses++;
    else if (token === ")") parentheses--;
    else if (parentheses === 0 && /[{};]/.test(token)) return false;
    if (token !== ")" || parentheses !== 0) continue;
    const rest = text.slice(from + index + 1, from + index + 2000);
    return BEFORE_BODY.test(rest.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, ""));
  }
  return false;
}
