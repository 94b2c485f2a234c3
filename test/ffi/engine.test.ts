import { createRequire } from "node:module";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { engine, engineNames, FfiError } from "../../src/ffi/index.js";

const test = suite("the choice of an FFI engine");
const given = process.env["TYPED_MPI_FFI"];

test.before.each(() => {
  delete process.env["TYPED_MPI_FFI"];
});

test.after(() => {
  if (given !== undefined) process.env["TYPED_MPI_FFI"] = given;
});

test("koffi is the default", () => {
  assert.is(engineNames[0], "koffi");
  assert.is(engine().name, "koffi");
  process.env["TYPED_MPI_FFI"] = "";
  assert.is(engine().name, "koffi");
});

test("TYPED_MPI_FFI chooses", () => {
  process.env["TYPED_MPI_FFI"] = "ffi-rs";
  assert.is(engine().name, "ffi-rs");
  assert.is(engine("koffi").name, "koffi");
});

test("koffi is what others get who ask for it", () => {
  const require = createRequire(import.meta.url);
  assert.is(engine("koffi").version, require("koffi").version);
  const binaries = Object.keys(require.cache).filter((path) => path.endsWith("koffi.node"));
  assert.is(binaries.length, 1, binaries.join());
});

test("an engine is loaded once", () => {
  assert.is(engine("koffi"), engine());
});

for (const name of ["libffi", "toString", "__proto__"]) {
  test(`"${name}" is no engine`, () => {
    process.env["TYPED_MPI_FFI"] = name;
    for (const choose of [() => engine(), () => engine(name)]) {
      assert.throws(
        choose,
        (error: unknown) =>
          error instanceof FfiError &&
          error.code === "ERR_FFI_ENGINE" &&
          error.message.includes(`"${name}"`) &&
          error.message.includes("koffi, ffi-rs, node"),
      );
    }
  });
}

test("Node's own engine is there from Node 26 on, and says so before", () => {
  if (Number.parseInt(process.versions.node, 10) >= 26) {
    assert.is(engine("node").version, process.versions.node);
    return;
  }
  assert.throws(
    () => engine("node"),
    (error: unknown) =>
      error instanceof FfiError &&
      error.code === "ERR_FFI_ENGINE" &&
      error.message.includes("Node >= 26") &&
      error.message.includes(process.version),
  );
});

test.run();
