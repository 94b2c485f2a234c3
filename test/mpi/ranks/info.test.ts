import * as assert from "uvu/assert";
import * as mpi from "../../../src/mpi/index.js";
import { assertThrows, test } from "../../harness/ranks.js";

const { abi } = mpi.library();

test("an Info is used as a Map", () => {
  using info = mpi.Info.create();
  assert.is(info.size, 0);
  assert.is(info.set("first", "1").set("second", "zwei ✓"), info);
  assert.is(info.size, 2);
  assert.is(info.get("first"), "1");
  assert.is(info.get("second"), "zwei ✓");
  assert.is(info.get("third"), undefined);
  assert.is(info.has("first"), true);
  assert.is(info.has("First"), false);
  info.set("first", " 3 ");
  assert.is(info.get("first"), " 3 ");
  assert.equal([...info.keys()], ["first", "second"]);
  assert.equal([...info.values()], [" 3 ", "zwei ✓"]);
  assert.equal([...info.entries()], [...info]);
  assert.equal(Object.fromEntries(info), { first: " 3 ", second: "zwei ✓" });
  const seen: unknown[] = [];
  info.forEach((value, key, whole) => {
    seen.push(key, value, whole === info);
  });
  assert.equal(seen, ["first", " 3 ", true, "second", "zwei ✓", true]);
  assert.is(info.delete("first"), true);
  assert.is(info.delete("first"), false);
  assert.equal([...info], [["second", "zwei ✓"]]);
});

test("it can be changed while it is iterated", () => {
  using info = mpi.Info.create({ a: "1", b: "2", c: "3" });
  for (const key of info.keys()) info.delete(key);
  assert.is(info.size, 0);
});

test("it is cleared", () => {
  using info = mpi.Info.create({ a: "1", b: "2" });
  info.clear();
  info.clear();
  assert.equal([...info], []);
  assertThrows(() => mpi.INFO_ENV.clear(), { code: "ERR_MPI_INFO" });
});

test("it is made from an object, from pairs, from another one", () => {
  using fromObject = mpi.Info.create({ a: "1", b: "2" });
  using fromMap = mpi.Info.create(new Map([["a", "1"]]));
  using fromInfo = mpi.Info.create(fromObject);
  assert.equal(Object.fromEntries(fromObject), { a: "1", b: "2" });
  assert.equal(Object.fromEntries(fromMap), { a: "1" });
  assert.equal(Object.fromEntries(fromInfo), { a: "1", b: "2" });
});

test("a duplicate has a life of its own", () => {
  const info = mpi.Info.create({ a: "1" });
  using other = info.dup();
  info.set("a", "2");
  assert.is(other.get("a"), "1");
  info.free();
  assert.is(other.get("a"), "1");
});

test("the longest keys and values pass, longer ones are refused", () => {
  using info = mpi.Info.create();
  const [longestKey, longestValue] = abi === "openmpi" ? [35, 255] : [254, 1023];
  for (const key of ["k".repeat(longestKey), "é".repeat(longestKey >> 1)]) {
    info.set(key, "v".repeat(longestValue));
    assert.is(info.get(key), "v".repeat(longestValue));
  }
  assert.is([...info.keys()][0], "k".repeat(longestKey));
  const wrong = (argument: string) => ({ argument, code: "ERR_OUT_OF_RANGE" });
  for (const key of ["", "k".repeat(2000), "é".repeat(200)]) {
    assertThrows(() => info.set(key, "x"), wrong("key"));
    assertThrows(() => info.get(key), wrong("key"));
    assertThrows(() => info.delete(key), wrong("key"));
  }
  for (const value of ["", "v".repeat(2000)]) assertThrows(() => info.set("x", value), wrong("value"));
  assert.is(info.has("x"), false);
});

test("what is no string, or no C string, is refused", () => {
  using info = mpi.Info.create();
  const type = (argument: string) => ({ argument, code: "ERR_INVALID_ARG_TYPE" });
  assertThrows(() => info.set(1 as never, "x"), type("key"));
  assertThrows(() => info.set("x", 1 as never), type("value"));
  assertThrows(() => info.get(undefined as never), type("key"));
  assertThrows(() => mpi.Info.create("x" as never), type("entries"));
  assertThrows(() => mpi.Info.create({ x: 1 as never }), type("value"));
  assertThrows(() => info.set("a\0b", "x"), { argument: "key", code: "ERR_INVALID_ARG_VALUE" });
  assertThrows(() => info.set("a", "x\0y"), { argument: "value", code: "ERR_INVALID_ARG_VALUE" });
  assert.is(info.size, 0);
});

test("a freed one is refused, and disposing it does nothing", () => {
  const info = mpi.Info.create({ a: "1" });
  assert.is(info.freed, false);
  info.free();
  assert.is(info.freed, true);
  info[Symbol.dispose]();
  for (const use of [
    () => info.get("a"),
    () => info.set("a", "1"),
    () => info.size,
    () => info.dup(),
    () => info.free(),
    () => [...info],
  ]) {
    assertThrows(use, { code: "ERR_MPI_FREED" });
  }
});

test("INFO_NULL has no entries and cannot be freed", () => {
  for (const use of [
    () => mpi.INFO_NULL.size,
    () => mpi.INFO_NULL.get("a"),
    () => mpi.INFO_NULL.set("a", "1"),
    () => mpi.INFO_NULL.dup(),
    () => mpi.INFO_NULL.free(),
  ]) {
    assertThrows(use, { code: "ERR_MPI_INFO", name: "MpiError" });
  }
});

test(
  "INFO_ENV can be read, and only read",
  () => {
    assert.is([...mpi.INFO_ENV].length, mpi.INFO_ENV.size);
    for (const [key, value] of mpi.INFO_ENV) assert.is(mpi.INFO_ENV.get(key), value);
    if (abi === "openmpi") assert.ok(mpi.INFO_ENV.get("command")?.includes("node"));
    assert.is(mpi.INFO_ENV.get("nothing_of_the_kind"), undefined);
    assertThrows(() => mpi.INFO_ENV.set("a", "1"), { code: "ERR_MPI_INFO" });
    assertThrows(() => mpi.INFO_ENV.delete("command"), { code: "ERR_MPI_INFO" });
    assertThrows(() => mpi.INFO_ENV.free(), { code: "ERR_MPI_INFO" });
  },
  { skip: abi === "msmpi" && "MS-MPI has no MPI_INFO_ENV" },
);
