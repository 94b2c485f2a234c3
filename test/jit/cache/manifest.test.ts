import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { foreignness } from "../../../src/jit/cache/elf.js";
import { parseDependencyFile } from "../../../src/jit/cache/includes.js";
import {
  type Manifest,
  parseManifest,
  readManifest,
  writeManifest,
} from "../../../src/jit/cache/manifest.js";
import { filesOf, newFolder } from "../caches.js";

const file = { path: "lib/x.so", sha256: "0".repeat(64), size: 1 };
const manifest: Manifest = {
  format: 1,
  signature: "s",
  name: "any name",
  library: file,
  source: null,
  header: file,
  log: null,
  sourceSha256: file.sha256,
  headerSha256: null,
  dependencies: [{ signature: "d", sha256: file.sha256 }],
  includes: [{ path: "/usr/include/stdio.h", sha256: "", size: 1, mtimeNs: "1" }],
  build: { command: ["cc"], compiler: "gcc", seconds: 1, host: "h", date: "d", version: "0" },
};

test("a manifest is read as it was written, and no other file is left", () => {
  const folder = newFolder();
  const filename = join(folder, "s.json");
  for (const fsync of [false, true]) {
    writeManifest(filename, manifest, fsync);
    assert.equal(readManifest(filename), manifest);
  }
  assert.equal(filesOf(folder), ["s.json"]);
  mkdirSync(join(folder, "t.json", "full"), { recursive: true });
  assert.throws(() => writeManifest(join(folder, "t.json"), manifest, false));
  assert.equal(filesOf(folder), ["s.json"]);
  assert.is(readManifest(join(folder, "none")), undefined);
});

test("what lacks a field, or leads out of the cache, is no manifest", () => {
  for (const name of Object.keys(manifest)) {
    const { [name as keyof Manifest]: _, ...rest } = manifest;
    assert.is(parseManifest(JSON.stringify(rest)), undefined, name);
  }
  for (const path of ["", "/etc/x", "../x", "lib/../../x", "a\0", "C:/x", "a\\b"]) {
    const changed = { ...manifest, library: { ...file, path } };
    assert.is(parseManifest(JSON.stringify(changed)), undefined, path);
  }
});

test("the files that a compiler names for make", () => {
  const text =
    "x.so: a.cpp /usr/include/a.h \\\n  /with\\ space/b.h \\\n /c\\#$$.h a.cpp\n\n/usr/include/a.h:\n";
  assert.equal(parseDependencyFile(text), ["a.cpp", "/usr/include/a.h", "/with space/b.h", "/c#$.h"]);
  assert.equal(parseDependencyFile("x.so: \\\r\n a.c\r\n"), ["a.c"]);
  assert.equal(parseDependencyFile(""), []);
});

test("a library's machine", () => {
  const elf = (bits: number, endian: number, machine: readonly number[]): Uint8Array =>
    Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, bits, endian, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, ...machine);
  if (process.platform === "linux") {
    assert.is(foreignness(elf(2, 1, [62, 0]), "x64"), undefined);
    assert.is(foreignness(elf(2, 2, [0, 22]), "s390x"), undefined);
    assert.is(foreignness(elf(2, 1, [183, 0]), "arm64"), undefined);
  }
  assert.match(String(foreignness(elf(2, 1, [183, 0]), "x64")), "another machine");
  assert.match(String(foreignness(elf(1, 1, [3, 0]), "x64")), "32 bits");
  assert.match(String(foreignness(new Uint8Array(10), "x64")), "no library");
});

test.run();
