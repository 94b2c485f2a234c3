import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { getLogger, type LogLevel, log, setLogHandler, setLogLevel } from "../../src/jit/log.js";
import { assertThrows } from "../harness/assert.js";

/** What is said while `body` runs, as "level: message". */
function heard(body: () => void): string[] {
  const messages: string[] = [];
  const before = setLogHandler((level, message) => messages.push(`${level}: ${message}`));
  try {
    body();
  } finally {
    setLogHandler(before);
  }
  return messages;
}

function sayAll(): void {
  log.debug("d");
  log.info("i");
  log.warning("w");
  log.error("e");
}

const everything = ["debug: d", "info: i", "warning: w", "error: e"];

test("each level lets itself and the more serious ones through", () => {
  const levels: LogLevel[] = ["debug", "info", "warning", "error", "silent"];
  levels.forEach((level, i) => {
    setLogLevel(level);
    assert.equal(heard(sayAll), everything.slice(i), level);
  });
  setLogLevel("ERROR");
  assert.equal(heard(sayAll), ["error: e"]);
});

test("a message that is not wanted is not made", () => {
  setLogLevel("warning");
  let made = 0;
  const make = () => `made ${++made}`;
  assert.equal(
    heard(() => {
      log.info(make);
      log.warning(make);
    }),
    ["warning: made 1"],
  );
});

test("the handler is given back, and the logger is everybody's", () => {
  setLogLevel("info");
  const first: string[] = [];
  const second: string[] = [];
  const original = setLogHandler((_, message) => first.push(message));
  const before = setLogHandler((_, message) => second.push(message));
  getLogger().info("one");
  assert.is(typeof setLogHandler(before), "function");
  getLogger().info("two");
  setLogHandler(original);
  assert.equal([first, second], [["two"], ["one"]]);
});

test("levels and handlers that are none are refused", () => {
  const level = { code: "ERR_INVALID_ARG_VALUE", argument: "level", message: '"warning"' };
  assertThrows(() => setLogLevel("loud" as "info"), level);
  assertThrows(() => setLogLevel(20 as never), { code: "ERR_INVALID_ARG_TYPE", argument: "level" });
  assertThrows(() => setLogHandler("stderr" as never), { code: "ERR_INVALID_ARG_TYPE", argument: "handler" });
});

/** What a new process says on standard error, with `TYPED_MPI_LOG` as given. */
function stderrOf(level: string | undefined, code: string = ""): string {
  const module = JSON.stringify(new URL("../../src/jit/log.js", import.meta.url).href);
  const program = `import { log, setLogLevel } from ${module};${code}
    log.debug("d"); log.info("i"); log.warning("w"); log.error("e");`;
  const { TYPED_MPI_LOG: _, ...env } = process.env;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    env: level === undefined ? env : { ...env, TYPED_MPI_LOG: level },
  });
  assert.is(child.status, 0);
  assert.is(child.stdout, "");
  return child.stderr;
}

test("warnings and errors go to standard error, and the environment sets what else", () => {
  const serious = "typed-mpi: warning: w\ntyped-mpi: error: e\n";
  assert.is(stderrOf(undefined), serious);
  assert.is(stderrOf(""), serious);
  assert.is(stderrOf("Debug"), `typed-mpi: debug: d\ntyped-mpi: info: i\n${serious}`);
  assert.is(stderrOf("silent"), "");
  assert.is(stderrOf("debug", 'setLogLevel("error");'), "typed-mpi: error: e\n");
});

test("a wrong TYPED_MPI_LOG is told once, and stops nothing", () => {
  const [first, ...others] = stderrOf("loud").trimEnd().split("\n");
  assert.match(first as string, /TYPED_MPI_LOG is none of "debug".*'loud'; "warning" is used/);
  assert.equal(others, ["typed-mpi: warning: w", "typed-mpi: error: e"]);
});

test.run();
