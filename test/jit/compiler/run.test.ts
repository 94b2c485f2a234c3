import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Compilation, type RunOptions, runCompiler } from "../../../src/jit/compiler/run.js";
import { runPortably, runPortablySync } from "../../../src/jit/compiler/run-portable.js";
import { assertRejects, assertThrows } from "../../harness/assert.js";
import { children, processesWith, script, until, workspace } from "./workspace.js";

type Run = (command: readonly string[], options: RunOptions) => Promise<Compilation>;

const forms: Record<string, Run> = {
  sync: async (command, options) => runCompiler(command, options).sync(),
  async: async (command, options) => runCompiler(command, options).async(),
  "portable sync": async (command, options) => runPortablySync(command, options),
  "portable async": runPortably,
};

for (const [form, run] of Object.entries(forms)) {
  const test = suite(`runCompiler: ${form}`);
  const directory = workspace();
  const options = { cwd: directory, timeout: 20, label: "test" };
  /** Of a script with this body. */
  const runScript = (body: string, more: Partial<RunOptions> = {}) =>
    run([script(directory, "compiler", body), "a b", "$c", ""], { ...options, ...more });

  test.after.each(() => assert.equal(children(), [], "no child is left, not even a zombie"));

  test("gives arguments as they are, the directory, and a place for temporary files", async () => {
    const result = await runScript('printf "%s|" "$@"; pwd; echo "$TMPDIR" >&2; read -r x || echo no input');
    assert.is(result.exitCode, 0);
    assert.is(result.signal, null);
    const lines = result.output.split("\n").sort();
    assert.equal(lines, ["", directory, `a b|$c||${directory}`, "no input"].sort());
    assert.ok(result.seconds > 0 && result.seconds < 10);
  });

  test("tells exit codes and signals", async () => {
    assert.is((await runScript("exit 3")).exitCode, 3);
    const killed = await runScript("kill -SEGV $$");
    assert.is(killed.exitCode, null);
    assert.is(killed.signal, "SIGSEGV");
    assert.is(killed.timedOut, false);
  });

  test("a compiler and its child die when the time is over", async () => {
    const marker = `marker-${process.pid}-${form.replace(" ", "-")}`;
    const started = performance.now();
    // Node's spawnSync cannot kill the child, too.
    const child = form === "portable sync" ? "" : `sh -c 'sleep 61; : ${marker}' &`;
    const result = await runScript(`${child} echo begun; exec sleep 62`, { timeout: 0.3 });
    assert.ok(performance.now() - started < 3000);
    assert.is(result.timedOut, true);
    assert.is(result.exitCode, null);
    assert.match(result.output, "begun");
    await until(() => processesWith(marker).length === 0, "the child is gone");
  });

  test("one that floods is killed, and little is kept", async () => {
    const result = await runScript("echo first; yes | head -c 1G");
    assert.is(result.flooded, true);
    assert.is(result.timedOut, false);
    assert.ok(result.output.startsWith("first\n"));
    assert.ok(result.output.length <= 2 ** 20 + 100);
  });

  test("of long output the start and the end are kept", async () => {
    const result = await runScript("echo first; yes | head -c 3000000; echo last; exit 1");
    assert.is(result.flooded, false);
    assert.is(result.exitCode, 1);
    assert.ok(result.output.startsWith("first\ny\n"));
    assert.ok(result.output.endsWith("y\nlast\n"));
    assert.match(result.output, /\n\[\d+ bytes left out\]\n/);
  });

  test("bytes that are not UTF-8 become replacement characters", async () => {
    const { output } = await runScript(`printf 'a\\377\\200b\\303\\244\\000c'`);
    assert.is(output, "a\ufffd\ufffdb\u00e4\0c");
  });

  test("a compiler that is not there, or is no program", async () => {
    const text = join(directory, "text");
    writeFileSync(text, "text");
    for (const program of [join(directory, "none"), text, directory]) {
      await assertRejects(run([program], options), {
        code: "ERR_JIT_COMPILER_NOT_FOUND",
        name: "JitError",
        message: program,
      });
    }
  });

  if (form.startsWith("portable")) {
    test.run();
    continue;
  }

  test("what it leaves in the background neither holds it up nor stays", async () => {
    const marker = `left-${process.pid}-${form}`;
    const started = performance.now();
    const result = await runScript(`sh -c 'sleep 63; : ${marker}' & echo done`);
    assert.ok(performance.now() - started < 3000);
    assert.is(result.exitCode, 0);
    assert.is(result.output, "done\n");
    await until(() => processesWith(marker).length === 0, "the child is gone");
  });

  test("one that closes its output and hangs is killed", async () => {
    const result = await runScript("echo bye; exec >&- 2>&-; exec sleep 64", { timeout: 0.3 });
    assert.is(result.timedOut, true);
    assert.is(result.output, "bye\n");
  });

  test("no descriptors leak", async () => {
    await runScript("echo");
    const before = readdirSync("/proc/self/fd").length;
    for (let i = 0; i < 5; i++) await runScript("echo");
    await assertRejects(run([join(directory, "none")], options), { code: "ERR_JIT_COMPILER_NOT_FOUND" });
    assert.is(readdirSync("/proc/self/fd").length, before);
  });

  test("it inherits neither our descriptors nor an ignored SIGPIPE", async () => {
    const list = "ls /proc/self/fd; cat /proc/self/status";
    const opened = openSync(join(directory, "opened"), "w");
    const [ours, theirs] = [runPortablySync(["/bin/sh", "-c", list], options), await runScript(list)];
    closeSync(opened);
    // Those of this program's parent are inherited by all.
    const descriptors = (output: string) => output.split("Name:", 1)[0];
    assert.is(descriptors(theirs.output), descriptors(ours.output));
    const ignored = BigInt(`0x${/SigIgn:\s+(\w+)/.exec(theirs.output)?.[1]}`);
    assert.is(ignored & 0x1001000n, 0n);
  });

  test("speaks English, whatever the user does", async () => {
    process.env["LANGUAGE"] = "de";
    const { output } = await runScript('echo "$LC_ALL,$LANGUAGE"');
    delete process.env["LANGUAGE"];
    assert.is(output, "C.UTF-8,\n");
  });

  test("a real compiler leaves no temporary files, in a directory with any name", async () => {
    const odd = join(directory, `a 'b" $c\u00e4`);
    mkdirSync(odd, { recursive: true });
    writeFileSync(join(odd, "t.cpp"), "int f() { return 1; }");
    const command = ["/usr/bin/c++", "-shared", "-fPIC", "t.cpp", "-o", "t.so"];
    const result = await run(command, { ...options, cwd: odd });
    assert.is(result.exitCode, 0, result.output);
    assert.equal(readdirSync(odd).sort(), ["t.cpp", "t.so"]);
  });

  test.run();
}

const test = suite("runCompiler");

test("several at once do not disturb each other, and the event loop goes on", async () => {
  const directory = workspace();
  const path = script(directory, "compiler", 'sleep 0.$1; echo "$1"');
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  const runs = ["5", "3", "1", "4"].map((digit) =>
    runCompiler([path, digit], { cwd: directory, timeout: 20, label: "" }).async(),
  );
  const results = await Promise.all(runs);
  clearInterval(timer);
  assert.equal(
    results.map(({ output }) => output),
    ["5\n", "3\n", "1\n", "4\n"],
  );
  assert.ok(ticks > 10, `${ticks} ticks`);
  assert.equal(children(), []);
});

test("refuses what is no command", () => {
  const options = { cwd: "/", timeout: 1, label: "" };
  assertThrows(() => runCompiler([], options), { code: "ERR_INVALID_ARG_TYPE", argument: "command" });
  assertThrows(() => runCompiler(["/bin/true", "a\0b"], options), {
    code: "ERR_INVALID_ARG_VALUE",
    argument: "command",
  });
});

test("a signal with a handler of ours does not cut the compiler off", () => {
  const directory = workspace();
  const handler = () => {};
  process.on("SIGUSR2", handler);
  const path = script(directory, "compiler", `kill -USR2 ${process.pid}; sleep 0.1; echo done > result`);
  const { exitCode } = runCompiler([path], { cwd: directory, timeout: 20, label: "" }).sync();
  process.off("SIGUSR2", handler);
  assert.is(exitCode, 0);
  assert.ok(existsSync(join(directory, "result")));
  assert.is(readFileSync(join(directory, "result"), "utf8"), "done\n");
});

test("in a worker thread without a warning of descriptors", async () => {
  const module = new URL("../../../src/jit/compiler/run.js", import.meta.url).href;
  const code = `
    const { parentPort } = require("node:worker_threads");
    const warnings = [];
    process.on("warning", ({ message }) => warnings.push(message));
    import("${module}").then(async ({ runCompiler }) => {
      const run = () => runCompiler(["/bin/true"], { cwd: "/", timeout: 20, label: "" });
      const codes = [run().sync().exitCode, (await run().async()).exitCode];
      setImmediate(() => parentPort.postMessage({ codes, warnings }));
    });`;
  const [told] = await once(new Worker(code, { eval: true }), "message");
  assert.equal(told, { codes: [0, 0], warnings: [] });
});

test.run();
