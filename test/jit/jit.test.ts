import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Generated, jit, jitAsync, jitSignature, setLogHandler } from "../../src/jit/index.js";
import { assertThrows } from "../harness/assert.js";
import { leftovers, librariesIn, newFolder } from "./caches.js";

setLogHandler(() => {});

const f = (value: number): string => `extern "C" int f() { return ${value}; }\n`;
const inCache = (cacheDir: string) => ({ cache: { cacheDir } });

async function assertRejects(promise: Promise<unknown>, expected: Parameters<typeof assertThrows>[1]) {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  assertThrows(() => {
    if (error !== undefined) throw error;
  }, expected);
}

const calls = suite("jit");

calls("code is generated on a miss only, and told what it is for", () => {
  const params = { ...inCache(newFolder()), generator: { degree: 2 } };
  const told: unknown[][] = [];
  const generate = (...args: unknown[]): Generated => {
    told.push(args);
    return { source: f(5) };
  };
  const jitable = { some: "object" };
  const { library, signature } = jit(jitable, "five", params, { generate });
  assert.is(library.func("int f()")(), 5);
  assert.is(signature, jitSignature("five", params));
  assert.equal(told, [[jitable, "five", signature, { degree: 2 }]]);
  assert.is(told[0]?.[0], jitable);
  assert.is(jit(jitable, "five", params, { generate }).library, library);
  assert.is(jit(jitable, "five", structuredClone(params), { generate }).library, library);
  assert.is(told.length, 1);
  assert.equal(leftovers(params.cache.cacheDir), []);
});

calls("a manifest that somebody has written in another form is loaded", () => {
  const params = inCache(newFolder());
  const { signature } = jit(7, "seven", params, { generate: () => ({ source: f(7) }) });
  const filename = join(params.cache.cacheDir, "manifest", `${signature}.json`);
  const program = `import { jit } from "${new URL("../../src/jit/index.js", import.meta.url).href}";
    const generate = () => ({ source: "int g;" });
    console.log(jit(0, "seven", ${JSON.stringify(params)}, { generate }).library.func("int f()")());`;
  writeFileSync(filename, JSON.stringify(JSON.parse(readFileSync(filename, "utf8")), null, 2));
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  assert.is(stdout, "7\n", stderr);
});

calls("other parameters are another library", () => {
  const cacheDir = newFolder();
  const generate = (value: number) => ({ source: f(value) });
  const value = (n: number, params: object) =>
    jit(n, "same name", { ...inCache(cacheDir), ...params }, { generate }).library.func("int f()")();
  assert.is(value(1, {}), 1);
  assert.is(value(2, { generator: { n: 2 } }), 2);
  assert.is(value(3, { build: { cxxflags: ["-shared", "-fPIC"] } }), 3);
  assert.is(value(4, { generator: { n: "2" } }), 4);
  assert.is(librariesIn(cacheDir).length, 4);
});

calls("another cache is another library", () => {
  const generate = (value: number) => ({ source: f(value) });
  const [one, two] = [newFolder(), newFolder()];
  assert.is(jit(1, "name", inCache(one), { generate }).library.func("int f()")(), 1);
  // The same signature, but what is loaded already is another build: it cannot be loaded beside.
  assertThrows(() => jit(2, "name", inCache(two), { generate }), { code: "ERR_JIT_STALE" });
  assert.is(jit(1, "other", inCache(two), { generate }).library.func("int f()")(), 1);
});

calls("libraries depend on each other, three deep, and find each other's headers", () => {
  const params = inCache(newFolder());
  const make = (name: string, body: string, dependencies: string[]): string => {
    const generate = () => ({
      header: `extern "C" int ${name}();\n`,
      source: `${dependencies.map((each) => `#include "${each}.h"\n`).join("")}extern "C" int ${name}() { return ${body}; }\n`,
      dependencies,
    });
    return jit(null, name, params, { generate }).signature;
  };
  const one = make("one", "1", []);
  const two = make("two", "one() + 1", [one]);
  const three = make("three", "two() + one()", [two, one]);
  const { library } = jit(null, "three", params, { generate: () => assert.unreachable() as never });
  assert.is(library.signature, three);
  assert.is(library.func("int three()")(), 3);
});

calls("a dependency that is not there is named", () => {
  const generate = () => ({ source: f(1), dependencies: ["nobody_0123"] });
  assertThrows(() => jit(null, "lonely", inCache(newFolder()), { generate }), {
    code: "ERR_JIT_DEPENDENCY",
    message: "nobody_0123",
  });
});

calls("the same relative path from another directory is another library", () => {
  const before = process.cwd();
  const cacheDir = newFolder();
  const generate = () => ({ source: '#include "v.h"\nextern "C" int f() { return V; }\n' });
  try {
    for (const value of [1, 2]) {
      const folder = newFolder();
      writeFileSync(join(folder, "v.h"), `#define V ${value}\n`);
      process.chdir(folder);
      const { library } = jit(
        null,
        "relative",
        { cache: { cacheDir }, build: { includeDirs: ["."] } },
        { generate },
      );
      assert.is(library.func("int f()")(), value);
    }
  } finally {
    process.chdir(before);
  }
});

calls("checkSource looks at each call, also at the header", () => {
  const cacheDir = newFolder();
  const code = { header: "// one\n", source: f(1) };
  const call = (made: Generated) =>
    jit(null, "checked", { cache: { cacheDir, checkSource: true } }, { generate: () => made });
  call(code);
  call(code);
  assertThrows(() => call({ ...code, source: f(2) }), { code: "ERR_JIT_MISMATCH" });
  assertThrows(() => call({ ...code, header: "// two\n" }), { code: "ERR_JIT_MISMATCH" });
  assert.is(call(code).library.func("int f()")(), 1);
});

calls("parameters that cannot be compared are found by their hash", () => {
  const cacheDir = newFolder();
  let generated = 0;
  const call = (value: number) =>
    jit(
      value,
      "arrays",
      { cache: { cacheDir }, generator: { nodes: Float64Array.of(value) } },
      {
        generate: (n) => {
          generated++;
          return { source: f(n) };
        },
      },
    ).library.func("int f()")();
  assert.equal([call(1), call(2), call(1)], [1, 2, 1]);
  assert.is(generated, 2);
});

calls("a damaged header of a dependency is not compiled in", () => {
  const params = inCache(newFolder());
  const base = () => ({ header: "#define K 5\n", source: 'extern "C" int base() { return 1; }\n' });
  const { signature } = jit(null, "headed", params, { generate: base });
  writeFileSync(join(params.cache.cacheDir, "include", `${signature}.h`), "#define K 6\n");
  const above = () => ({
    source: `#include "${signature}.h"\nextern "C" int f() { return K; }\n`,
    dependencies: [signature],
  });
  assertThrows(() => jit(null, "above", params, { generate: above }), {
    code: "ERR_JIT_DEPENDENCY",
    message: signature,
  });
});

calls("C is compiled as C", () => {
  const params = { ...inCache(newFolder()), build: { language: "c" } } as const;
  const generate = () => ({ source: "int f(void) { int class = 3; return class; }\n" });
  assert.is(jit(null, "in C", params, { generate }).library.func("int f()")(), 3);
});

for (const [cxx, cc] of [
  ["g++", "gcc"],
  ["clang++", "clang"],
] as const) {
  calls(`${cxx} and ${cc}, with a dependency`, () => {
    const cacheDir = newFolder();
    for (const language of ["c++", "c"] as const) {
      const params = { cache: { cacheDir }, build: { language, cxx, cc } };
      const linkage = language === "c" ? "" : 'extern "C" ';
      const base = jit(null, "base", params, {
        generate: () => ({ source: `${linkage}int base() { return 20; }` }),
      });
      const generate = () => ({
        source: `${linkage}int base();\n${linkage}int f() { return base() + 1; }`,
        dependencies: [base.signature],
      });
      assert.is(jit(null, "derived", params, { generate }).library.func("int f()")(), 21);
    }
  });
}

calls("hostile names stay inside the cache, and differ", () => {
  const cacheDir = newFolder();
  const names = [
    "../x",
    "..",
    ";rm -rf /",
    "a\0b",
    "a/b",
    "a\nb",
    "ü",
    "x".repeat(300),
    `${"x".repeat(300)}y`,
    "$(id)",
    "-rf",
    "'\"",
  ];
  const signatures = names.map((name, i) => {
    const { library, signature } = jit(i, name, inCache(cacheDir), { generate: (n) => ({ source: f(n) }) });
    assert.is(library.func("int f()")(), i, JSON.stringify(name));
    assert.match(signature, /^[A-Za-z0-9_]{1,100}$/);
    return signature;
  });
  assert.is(new Set(signatures).size, names.length);
  assert.is(librariesIn(cacheDir).length, names.length);
});

calls("a compile error has the diagnostics and what is needed to look into it", () => {
  const failDirRoot = newFolder();
  const cacheDir = newFolder();
  const generate = () => ({ source: "int f() { return nothing; }\n", header: "// header\n" });
  const error = assertThrows(() => jit(null, "wrong", { cache: { cacheDir, failDirRoot } }, { generate }), {
    code: "ERR_JIT_COMPILE",
    message: /nothing.* not declared/,
  }) as Error & { failDir: string; output: string };
  assert.ok(error.message.includes(error.failDir));
  assert.match(readFileSync(`${error.failDir}/error.log`, "utf8"), "nothing");
  assert.match(error.output, "nothing");
  assert.equal(librariesIn(cacheDir), []);
  assert.equal(leftovers(cacheDir), []);
});

calls("an undefined symbol is a load error that names it", () => {
  const generate = () => ({
    source: 'extern "C" int absent(); int value = absent(); extern "C" int f() { return value; }\n',
  });
  assertThrows(() => jit(null, "undefined", inCache(newFolder()), { generate }), {
    code: "ERR_JIT_LOAD",
    message: "absent",
  });
});

calls("what generate throws is thrown, and the next call tries again", () => {
  const cacheDir = newFolder();
  let isBroken = true;
  const generate = () => {
    if (isBroken) throw new SyntaxError("cannot generate");
    return { source: f(6) };
  };
  const error = assert.throws(() => jit(null, "retry", inCache(cacheDir), { generate }), /cannot generate/);
  assert.is(error, undefined);
  assert.equal(leftovers(cacheDir), []);
  isBroken = false;
  assert.is(jit(null, "retry", inCache(cacheDir), { generate }).library.func("int f()")(), 6);
});

const generate = () => ({ source: f(1) });
const BAD: Record<string, [unknown[], string]> = {
  "a name that is no string": [[null, 7, {}, { generate }], "name"],
  "no callbacks": [[null, "n", {}], "callbacks"],
  "none of the three": [[null, "n", {}, {}], "callbacks"],
  "two roles at once": [[null, "n", {}, { generate, receive: () => new Uint8Array() }], "callbacks"],
  "a callback that is no function": [[null, "n", {}, { generate: 7 }], "generate"],
  "no source": [[null, "n1", inCache(newFolder()), { generate: () => ({}) }], "generate"],
  "nothing generated": [[null, "n2", inCache(newFolder()), { generate: () => undefined }], "generate"],
  "a promise of code": [
    [null, "n3", inCache(newFolder()), { generate: async () => ({ source: f(1) }) }],
    "generate",
  ],
  "a header that is no string": [
    [null, "n4", inCache(newFolder()), { generate: () => ({ source: f(1), header: 7 }) }],
    "generate: header",
  ],
  "dependencies that are no list": [
    [null, "n5", inCache(newFolder()), { generate: () => ({ source: f(1), dependencies: "x" }) }],
    "generate: dependencies",
  ],
};
for (const [what, [args, argument]] of Object.entries(BAD)) {
  calls(`refused: ${what}`, () => {
    assertThrows(() => (jit as (...given: unknown[]) => unknown)(...args), {
      code: "ERR_INVALID_ARG_TYPE",
      argument,
    });
  });
}

calls("jitAsync does the same while the event loop goes on, and builds once for many calls", async () => {
  const params = inCache(newFolder());
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  let generated = 0;
  const generate = async () => {
    generated++;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { source: f(8) };
  };
  const results = await Promise.all(
    Array.from({ length: 5 }, () => jitAsync(null, "async", params, { generate })),
  );
  clearInterval(timer);
  assert.is(generated, 1);
  assert.ok(ticks >= 20, `${ticks} ticks`);
  for (const { library } of results) assert.is(library.func("int f()")(), 8);
  assert.equal(leftovers(params.cache.cacheDir), []);
});

calls("jit does not wait for what jitAsync builds in the same process: it would wait for ever", async () => {
  const params = inCache(newFolder());
  const pending = jitAsync(null, "both", params, { generate });
  assertThrows(() => jit(null, "both", params, { generate }), {
    code: "ERR_JIT_LOCK_TIMEOUT",
    message: "jitAsync in this process",
  });
  await pending;
  assert.is(jit(null, "both", params, { generate }).library.func("int f()")(), 1);
});

calls("jitAsync does not wait for itself when generate asks for the same library", async () => {
  const params = inCache(newFolder());
  const after = (dependency: () => Promise<unknown>) => async () => {
    await dependency();
    return { source: f(1) };
  };
  const inner = () => jitAsync(null, "itself", params, { generate });
  const between = () => jitAsync(null, "between", params, { generate: after(inner) });
  for (const ask of [inner, between]) {
    const started = performance.now();
    const call = jitAsync(null, "itself", params, { generate: after(ask) });
    await assertRejects(call, { code: "ERR_JIT_LOCK_TIMEOUT", message: "waits for itself" });
    assert.ok(performance.now() - started < 5000);
  }
  assert.is((await inner()).library.func("int f()")(), 1);
});

calls("a callback that there is not is refused, also where the library is known", async () => {
  const params = inCache(newFolder());
  const misspelt = { generate, recieve: () => new Uint8Array() };
  const expected = { code: "ERR_JIT_PARAMS", message: 'no callback "recieve"; did you mean "receive"?' };
  for (let i = 0; i < 2; i++) {
    assertThrows(() => jit(null, "callback", params, misspelt), expected);
    await assertRejects(jitAsync(null, "callback", params, misspelt), expected);
    jit(null, "callback", params, { generate });
  }
});

calls("a list with properties of its own is not taken for one without that is known", () => {
  const given = { ...inCache(newFolder()), generator: { list: [1] } };
  jit(null, "list", given, { generate });
  for (const list of [Object.assign([1], { x: 1 }), new (class extends Array<number> {})(1).fill(1)]) {
    assertThrows(() => jit(null, "list", { ...given, generator: { list } }, { generate }), {
      code: "ERR_INVALID_ARG_TYPE",
      argument: "params.generator.list",
    });
  }
});

calls("jitAsync rejects as jit throws", async () => {
  await assertRejects(jitAsync(null, "n", {}, {}), { code: "ERR_INVALID_ARG_TYPE" });
  await assertRejects(
    jitAsync(
      null,
      "wrong",
      { cache: { cacheDir: newFolder(), failDirRoot: newFolder() } },
      { generate: () => ({ source: "?" }) },
    ),
    { code: "ERR_JIT_COMPILE" },
  );
});

calls.run();
