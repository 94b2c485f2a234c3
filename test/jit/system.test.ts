import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { setLogHandler } from "../../src/jit/log.js";
import {
  getStatusOutput,
  gunzipFile,
  gzipFile,
  ldd,
  lockfreeMoveFile,
  makeDirs,
  makeExecutable,
  moveFile,
  readTextfile,
  renameFile,
  storeTextfile,
  tryCopyFile,
  tryDeleteFile,
  tryRenameFile,
} from "../../src/jit/system.js";
import { assertThrows } from "../harness/assert.js";
import { newFolder } from "./caches.js";

const test = suite("system");

/** A new directory with these files. */
function folderWith(files: Readonly<Record<string, string | Uint8Array>>): (name: string) => string {
  const folder = newFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return (name) => join(folder, name);
}

const read = (filename: string): string => readFileSync(filename, "utf8");
const list = (at: (name: string) => string): string[] => readdirSync(at("")).sort();

test("makeDirs makes a tree that others cannot write to, and takes one that is there", () => {
  const at = folderWith({ file: "" });
  const before = process.umask(0);
  try {
    makeDirs(at("a/b/c"));
  } finally {
    process.umask(before);
  }
  makeDirs(at("a/b/c"));
  assert.is(statSync(at("a")).mode & 0o777, 0o755);
  assert.is(statSync(at("a/b/c")).mode & 0o777, 0o755);
  assertThrows(() => makeDirs(at("file")), { code: "EEXIST" });
});

test("renameFile replaces; tryRenameFile tells of a missing source, but not of a missing directory", () => {
  const at = folderWith({ a: "a", b: "b" });
  renameFile(at("a"), at("b"));
  assert.is(read(at("b")), "a");
  assertThrows(() => renameFile(at("a"), at("b")), { code: "ENOENT" });
  assert.is(tryRenameFile(at("a"), at("c")), false);
  assertThrows(() => tryRenameFile(at("b"), at("no/c")), { code: "ENOENT" });
  assert.is(tryRenameFile(at("b"), at("c")), true);
  assert.equal(list(at), ["c"]);
});

test("tryCopyFile copies content and mode, also into a directory, and throws nothing", () => {
  const at = folderWith({ a: "text", b: "older" });
  chmodSync(at("a"), 0o750);
  mkdirSync(at("d"));
  assert.is(tryCopyFile(at("a"), at("b")), true);
  assert.is(tryCopyFile(at("a"), at("d")), true);
  for (const name of ["b", "d/a"]) {
    assert.is(read(at(name)), "text");
    assert.is(statSync(at(name)).mode & 0o777, 0o750);
  }
  assert.is(tryCopyFile(at("none"), at("e")), false);
  assert.is(tryCopyFile(at("a"), at("no/e")), false);
  assert.equal(list(at), ["a", "b", "d"]);
});

test("tryDeleteFile tells whether it was there", () => {
  const at = folderWith({ a: "" });
  assert.is(tryDeleteFile(at("a")), true);
  assert.is(tryDeleteFile(at("a")), false);
  assert.equal(list(at), []);
  assert.throws(() => tryDeleteFile(at("")));
});

test("gzipFile keeps the original and a compressed file that is there", () => {
  const at = folderWith({ a: "first" });
  assert.is(gzipFile(at("a")), at("a.gz"));
  assert.is(gunzipSync(readFileSync(at("a.gz"))).toString(), "first");
  writeFileSync(at("a"), "second");
  gzipFile(at("a"));
  assert.is(gunzipSync(readFileSync(at("a.gz"))).toString(), "first");
  assert.is(read(at("a")), "second");
  assert.is(gzipFile(at("none")), undefined);
  assert.equal(list(at), ["a", "a.gz"]);
});

test("gunzipFile unpacks and removes; what is damaged stays", () => {
  const whole = gzipSync("text");
  const at = folderWith({ "a.gz": whole, "b.gz": whole.subarray(0, 12), b: "older", c: "" });
  assert.is(gunzipFile(at("a.gz")), at("a"));
  assert.is(read(at("a")), "text");
  assertThrows(() => gunzipFile(at("b.gz")), { code: "Z_BUF_ERROR" });
  assertThrows(() => gunzipFile(at("c")), { code: "ERR_INVALID_ARG_VALUE", argument: "compressed" });
  assert.equal(list(at), ["a", "b", "b.gz", "c"]);
  assert.is(read(at("b")), "older");
});

test("readTextfile reads the file, else the compressed one, else nothing", () => {
  const at = folderWith({ a: "plain é", "a.gz": gzipSync("packed"), "b.gz": gzipSync("packed ü") });
  assert.is(readTextfile(at("a")), "plain é");
  assert.is(readTextfile(at("b")), "packed ü");
  assert.is(readTextfile(at("b.gz")), "packed ü");
  assert.is(readTextfile(at("c")), undefined);
});

test("storeTextfile takes text and bytes, replaces, and leaves nothing when it fails", () => {
  const at = folderWith({});
  assert.is(storeTextfile(at("a"), "é\n"), at("a"));
  assert.equal([...readFileSync(at("a"))], [0xc3, 0xa9, 10]);
  storeTextfile(at("a"), new Uint8Array([255, 0]));
  assert.equal([...readFileSync(at("a"))], [255, 0]);
  mkdirSync(at("d"));
  assert.throws(() => storeTextfile(at("d"), "text"));
  assert.equal(list(at), ["a", "d"]);
});

test("what others read while a text is stored is always whole", async () => {
  const at = folderWith({});
  storeTextfile(at("a"), "x".repeat(1_000_000));
  const writer = spawn(process.execPath, [
    "--input-type=module",
    "-e",
    `import { storeTextfile } from ${JSON.stringify(new URL("../../src/jit/system.js", import.meta.url).href)};
     for (let i = 0; i < 200; i++) storeTextfile(${JSON.stringify(at("a"))}, "xy"[i % 2].repeat(1_000_000));`,
  ]);
  const ended = new Promise((resolve) => writer.on("close", resolve));
  let reads = 0;
  while (writer.exitCode === null) {
    const text = read(at("a"));
    assert.is(text.length, 1_000_000);
    assert.ok(text[0] === text.at(-1));
    reads++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.is(await ended, 0);
  assert.ok(reads > 10, `${reads} reads`);
  assert.equal(list(at), ["a"]);
});

/** A directory on another file system than the temporary directory's, if there is one. */
const elsewhere = ["/dev/shm", "/var/tmp", "/root"].find(
  (path) => existsSync(path) && statSync(path).dev !== statSync(tmpdir()).dev,
);

test("moveFile replaces a file, moves into a directory, and to another file system", () => {
  const at = folderWith({ a: "a", b: "b" });
  moveFile(at("a"), at("b"));
  mkdirSync(at("d"));
  moveFile(at("b"), at("d"));
  assert.is(read(at("d/b")), "a");
  assertThrows(() => moveFile(at("none"), at("e")), { code: "ENOENT" });
  if (elsewhere === undefined) return;
  const name = `${elsewhere}/typed-mpi-test-${process.pid}`;
  moveFile(at("d/b"), name);
  assert.is(existsSync(at("d/b")), false);
  assert.is(read(name), "a");
  moveFile(name, at("back"));
  assert.is(existsSync(name), false);
  assert.is(read(at("back")), "a");
  assert.equal(list(at), ["back", "d"]);
});

test("lockfreeMoveFile backs up what differs, with a warning, and only that", () => {
  const at = folderWith({ a: "new", same: "new", other: "old", packed: gzipSync("new") });
  const messages: string[] = [];
  const before = setLogHandler((_, message) => messages.push(message));
  try {
    linkSync(at("a"), at("a2"));
    lockfreeMoveFile(at("a"), at("fresh"));
    lockfreeMoveFile(at("a2"), at("same"));
    assert.equal(messages, []);
    lockfreeMoveFile(at("fresh"), at("other"));
    assert.is(messages.length, 1);
    assert.match(messages[0] as string, "other.old");
    // Compressed at another time: other bytes, the same content.
    const packed = gzipSync("new");
    packed[4] = 77;
    writeFileSync(at("p.gz"), packed);
    renameFile(at("packed"), at("q.gz"));
    lockfreeMoveFile(at("p.gz"), at("q.gz"));
    assert.is(messages.length, 1);
  } finally {
    setLogHandler(before);
  }
  assert.is(read(at("other")), "new");
  assert.is(read(at("other.old")), "old");
  assert.equal(list(at), ["other", "other.old", "q.gz", "same"]);
  assertThrows(() => lockfreeMoveFile(at("none"), at("other")), { code: "ENOENT" });
});

test("makeExecutable adds the owner's bit and no other, also through a link", () => {
  const at = folderWith({ a: "#!/bin/sh\nexit 3\n" });
  chmodSync(at("a"), 0o640);
  symlinkSync(at("a"), at("link"));
  makeExecutable(at("link"));
  assert.is(statSync(at("a")).mode & 0o777, 0o740);
  assert.is(getStatusOutput([at("a")])[0], 3);
});

test("getStatusOutput has both streams in their order, input, directory and environment", () => {
  const at = folderWith({});
  const script = "echo out; echo err >&2; cat; pwd; echo $WORD; exit 7";
  const [status, output] = getStatusOutput(["sh", "-c", script], {
    input: "in\n",
    cwd: at(""),
    env: { PATH: process.env["PATH"], WORD: "a  b;c" },
  });
  assert.is(status, 7);
  assert.is(output, `out\nerr\nin\n${at("").replace(/\/$/, "")}\na b;c\n`);
});

test("getStatusOutput splits a string without a shell, and survives bytes, floods, signals and deaf programs", () => {
  assert.equal(getStatusOutput("  echo $HOME;  ls "), [0, "$HOME; ls\n"]);
  assert.equal(getStatusOutput(["printf", "\\377x"]), [0, "\ufffdx"]);
  assert.is(getStatusOutput(["sh", "-c", "kill -9 $$"])[0], -9);
  assert.is(getStatusOutput(["head", "-c", "5000000", "/dev/zero"])[1].length, 5_000_000);
  assert.is(getStatusOutput("true", { input: "x".repeat(1_000_000) })[0], 0);
  assertThrows(() => getStatusOutput("no-such-program"), { code: "ENOENT" });
  assertThrows(() => getStatusOutput(" "), { code: "ERR_INVALID_ARG_VALUE", argument: "command" });
  assert.equal(
    readdirSync(tmpdir()).filter((name) => name.startsWith("typed-mpi-output-")),
    [],
  );
});

test("ldd knows what a library needs, what is missing, and what is no library", () => {
  const at = folderWith({
    "one.c": '#include <stdlib.h>\nint one(void) { return abs(atoi(getenv("X"))); }',
    "two.c": "int one(void); int two(void) { return one(); }",
  });
  const compile = (...args: string[]) => execFileSync("cc", ["-shared", "-fPIC", ...args], { cwd: at("") });
  compile("-o", "libone.so", "one.c");
  compile("-o", "-two.so", "two.c", "-L.", "-lone", "-Wl,-rpath,$ORIGIN");
  const found = ldd(at("-two.so"));
  assert.is(found["libone.so"], at("libone.so"));
  assert.ok(Object.entries(found).some(([name, path]) => name.startsWith("libc.") && existsSync(path ?? "")));
  tryDeleteFile(at("libone.so"));
  assert.is(ldd(at("-two.so"))["libone.so"], null);
  writeFileSync(at("text.so"), "text");
  assertThrows(() => ldd(at("text.so")), { code: "ERR_JIT_LOAD", message: "text.so" });
});

test.run();
